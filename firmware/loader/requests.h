/**
 * @file requests.h
 * @brief The requests that only the loader answers: updates, and the start of the application.
 */
#ifndef EDGEL3_LOADER_REQUESTS_H
#define EDGEL3_LOADER_REQUESTS_H

#include "link/session.h"

/** The handlers, for link_device_t. The session's context is an update_t. */
extern const link_handling_t LOADER_HANDLINGS[];
extern const uint32_t LOADER_HANDLING_COUNT;

/** What a terminal is told: that this is the loader, and why it waits. */
void loader_introduce(const link_session_t *session);

#endif
