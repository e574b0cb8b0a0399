/**
 * @file requests.h
 * @brief Requests about settings, which the application answers.
 */
#ifndef EDGEL3_SETTINGS_REQUESTS_H
#define EDGEL3_SETTINGS_REQUESTS_H

#include "link/session.h"

/** read_setting: the value that counts now. */
uint32_t settings_handle_read(link_session_t *session, const link_message_t *request);

/** write_setting: change it, and store it. */
uint32_t settings_handle_write(link_session_t *session, const link_message_t *request);

#endif
