/**
 * @file stream.h
 * @brief The image's one front end: whoever begins a stream has it.
 */
#ifndef EDGEL3_APPLICATION_STREAM_H
#define EDGEL3_APPLICATION_STREAM_H

#include "front_end/front_end.h"

/** Whether a stream outlasts a run of the network, or shares its memory. */
#define FRONT_END_STREAMS 1

/** Its state. */
extern front_end_t *const edgel3_front_end;

/** Begin a stream. */
void stream_start(void);

#endif
