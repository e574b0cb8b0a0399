/**
 * @file requests.h
 * @brief The requests that only the application answers: everything about the network.
 */
#ifndef EDGEL3_APPLICATION_REQUESTS_H
#define EDGEL3_APPLICATION_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "application/audio.h"
#include "application/inference.h"
#include "link/session.h"

/** Memory use in bytes, as read_memory reports it. */
typedef struct {
    uint32_t stack_peak;
    uint32_t stack_size;
    uint32_t data_size;
} memory_use_t;

/** The session's context: the network, the audio on its way to it, and what the chip does for them. */
typedef struct {
    inference_t inference;
    audio_t audio;
    uint32_t counter_hz; /**< of the inference's counter */
    void (*show_running)(bool running);
    void (*read_memory)(memory_use_t *memory);
} application_t;

/** The handlers, for link_device_t. */
extern const link_handling_t APPLICATION_HANDLINGS[];
extern const uint32_t APPLICATION_HANDLING_COUNT;

/** What a terminal is told. */
void application_introduce(const link_session_t *session);

#endif
