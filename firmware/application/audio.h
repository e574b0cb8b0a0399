/**
 * @file audio.h
 * @brief PCM, chunk by chunk, through the front end into the network's input.
 */
#ifndef EDGEL3_APPLICATION_AUDIO_H
#define EDGEL3_APPLICATION_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "application/inference.h"

/** How far the stream has come; the rest of its state is the front end's. */
typedef struct {
    uint32_t loaded;  /**< samples so far */
    bool has_window;  /**< the last of them end a window, whose input was made */
    uint64_t counter; /**< spent by the front end since the window before, in the image's counter unit */
} audio_t;

/** Whether this image has a front end. */
bool audio_is_supported(void);

/**
 * Push a chunk of at most LINK_MAX_CHUNK bytes, int16 samples, that begins `offset` samples into the stream. Offset 0 begins
 * one. The chunk before may come again, and is not pushed twice. The input is empty from the first chunk of a window until
 * `window` says that one ends. Without EDGEL3_STREAMS a stream is one window.
 *
 * @return false if the chunk leaves a gap, or no window can end with it: nothing is pushed
 */
bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples,
                bool window);

/** An inference was run: unless it streams, the front end has lost its memory, and only offset 0 is taken now. */
void audio_end(audio_t *audio);

#endif
