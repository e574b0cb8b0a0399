/**
 * @file audio.h
 * @brief A window's PCM, chunk by chunk, through the front end into the network's input.
 */
#ifndef EDGEL3_APPLICATION_AUDIO_H
#define EDGEL3_APPLICATION_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "application/inference.h"

/** How far the present window has come; the rest of its state is the front end's. */
typedef struct {
    uint32_t loaded;  /**< samples so far */
    uint64_t counter; /**< spent by the front end on them, in the image's counter unit */
} audio_t;

/** Whether this image has a front end. */
bool audio_is_supported(void);

/**
 * Push a chunk of at most LINK_MAX_CHUNK bytes, int16 samples, that begins `offset` samples into the window. Offset 0 begins a
 * new window, and empties the input until the window is complete. The chunk before may come again, and is not pushed twice.
 *
 * @return false if the chunk leaves a gap or exceeds the window: nothing is pushed
 */
bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples);

#endif
