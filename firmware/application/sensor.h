/**
 * @file sensor.h
 * @brief What an image with a front end does by itself: it hears, and makes a record of each window (docs/sensor.md).
 *
 * Samples come from the board's microphone, or from the host over the link. The main loop calls sensor_work(), a run of the
 * network sensor_between_steps(), and requests the rest. An image without a front end has none of this: the functions do
 * nothing.
 */
#ifndef EDGEL3_APPLICATION_SENSOR_H
#define EDGEL3_APPLICATION_SENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "application/audio.h"
#include "application/inference.h"
#include "drivers/chip.h"
#include "link/protocol.h"

/** What the sensor shares with requests, and what it needs of the chip. */
typedef struct {
    inference_t *inference;
    audio_t *audio;
    void (*show_running)(bool running);
    chip_clocks_t clocks;
    uint32_t counter_hz; /**< of inference->read_counter() */
    bool (*is_quiet)(void); /**< nothing is under way on the link */
} sensor_parts_t;

/** What read_sensor tells. */
typedef struct {
    link_sensor_state_t state;
    bool has_microphone;
    uint32_t rate;    /**< of the source, in Hz */
    uint64_t samples; /**< of the source, since the start */
    uint32_t lost;
    uint32_t hop; /**< samples at the network's rate */
} sensor_progress_t;

/** Begin, after settings_start(): with the microphone if the board has one that answers. */
void sensor_start(const sensor_parts_t *parts);

/** Do a piece of work: take samples, compute what they complete; or sleep for SLEEP_MS. */
void sensor_work(void);

/** The network runs and pauses: take what the microphone has heard. */
void sensor_between_steps(void);

/** Whether the network runs, for the sensor alone: no request waits for it. */
bool sensor_is_computing(void);

/** So much of that run's time was spent on the link. */
void sensor_leave_out(uint64_t counts);

/** Somebody asks for the network: true, or false while it runs. Then the next run waits for a moment, for him to ask again. */
bool sensor_yields(void);

/** The host uses the network's tensors: leave them to it until SENSOR_REST seconds after the last time. */
void sensor_rest(void);

/**
 * Begin anew with that source; false for a microphone that is not there. From the link a sensor with a microphone goes back
 * to that SENSOR_REST seconds after the last sensor_play().
 */
bool sensor_restart(link_sensor_source_t source);

/** Whether it hears what the host plays. */
bool sensor_is_playing(void);

/**
 * Hear samples, at most LINK_MAX_CHUNK bytes, that begin `offset` samples behind the start, and compute what they complete.
 * The chunk before may come again, and is not heard twice.
 *
 * @return false if the chunk leaves a gap
 */
bool sensor_play(uint32_t offset, const uint8_t *data, uint32_t count);

/** What it does. */
sensor_progress_t sensor_progress(void);

#endif
