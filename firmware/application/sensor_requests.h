/**
 * @file sensor_requests.h
 * @brief Requests about the sensor; an image without a front end refuses them.
 */
#ifndef EDGEL3_APPLICATION_SENSOR_REQUESTS_H
#define EDGEL3_APPLICATION_SENSOR_REQUESTS_H

#include "link/session.h"

/** read_sensor: what it does. */
uint32_t sensor_handle_read(link_session_t *session, const link_message_t *request);

/** start_sensor: begin anew with another source. */
uint32_t sensor_handle_start(link_session_t *session, const link_message_t *request);

/** play_audio: hear a chunk. */
uint32_t sensor_handle_play(link_session_t *session, const link_message_t *request);

/** read_record: a chunk of a record. */
uint32_t sensor_handle_read_record(link_session_t *session, const link_message_t *request);

/** read_summary: the newest one. */
uint32_t sensor_handle_read_summary(link_session_t *session, const link_message_t *request);

#endif
