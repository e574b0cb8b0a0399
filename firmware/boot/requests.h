/**
 * @file requests.h
 * @brief Requests about resets and images, which application and loader answer alike.
 */
#ifndef EDGEL3_BOOT_REQUESTS_H
#define EDGEL3_BOOT_REQUESTS_H

#include "link/session.h"

/** read_reset: why the chip restarted, and the fault that is on record. */
uint32_t boot_handle_read_reset(link_session_t *session, const link_message_t *request);

/** read_image: what a slot holds. */
uint32_t boot_handle_read_image(link_session_t *session, const link_message_t *request);

#endif
