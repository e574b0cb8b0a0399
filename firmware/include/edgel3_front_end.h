/**
 * @file edgel3_front_end.h
 * @brief The front end of this image: what the generated front_end_memory.c implements.
 */
#ifndef EDGEL3_FRONT_END_H
#define EDGEL3_FRONT_END_H

#include "front_end/front_end.h"

/**
 * Its state. Without FRONT_END_STREAMS the network takes this memory back: edgel3_net_run() overwrites it, and
 * front_end_start() begins the next window.
 */
extern front_end_t *const edgel3_front_end;

#endif
