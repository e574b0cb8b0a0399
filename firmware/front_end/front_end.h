/**
 * @file front_end.h
 * @brief PCM to the int8 input of a network: log-mel levels of a window of one second, relative to its loudest point.
 *
 * Sizes and tables come from the generated front_end_tables.h. All floating-point arithmetic is single precision in a fixed
 * order without fused multiply-add, so that edgel3_deploy/audio/board_front_end.py gives the same bits.
 * docs/front-end.md explains the stages and their bounds.
 */
#ifndef FRONT_END_H
#define FRONT_END_H

#include <stdbool.h>
#include <stdint.h>

#include "front_end_tables.h"

enum {
    FRONT_END_BINS = FRONT_END_LENGTH / 2,
    /** Zeros in front of a window and behind it. */
    FRONT_END_PADDING = ((FRONT_END_FRAMES - 1) * FRONT_END_HOP + FRONT_END_LENGTH - FRONT_END_SAMPLE_RATE) / 2,
    /** Frames that touch the padding in front, and the first one that touches the padding behind. */
    FRONT_END_LEAD = (FRONT_END_PADDING + FRONT_END_HOP - 1) / FRONT_END_HOP,
    FRONT_END_TRAIL = (FRONT_END_SAMPLE_RATE + FRONT_END_PADDING - FRONT_END_LENGTH) / FRONT_END_HOP + 1,
    /** Frames that windows share, and frames that belong to one window. */
    FRONT_END_INNER = FRONT_END_TRAIL - FRONT_END_LEAD,
    FRONT_END_EDGES = FRONT_END_FRAMES - FRONT_END_INNER,
};

/** A level while it waits for its window to be complete: log2 of power with FRONT_END_STORED_BITS fraction bits. */
#if FRONT_END_STORED_BITS == 24
typedef int32_t front_end_level_t;
#else
typedef int16_t front_end_level_t;
#endif

typedef front_end_level_t front_end_frame_levels_t[FRONT_END_BANDS];

#if FRONT_END_STREAMS
/** The stream: the last second of samples, the levels of its inner frames, and scratch. */
typedef struct {
    uint32_t slot;                                   /**< the place in `inner` of the oldest frame, which the next replaces */
    uint32_t next;                                   /**< the place in `pcm` of the oldest sample, which the next replaces */
    uint32_t held;                                   /**< samples in `pcm` */
    uint32_t due;                                    /**< samples until the next inner frame is complete */
    front_end_level_t inner_top[FRONT_END_INNER];    /**< the greatest level of each inner frame */
    int16_t pcm[FRONT_END_SAMPLE_RATE];              /**< a ring */
    front_end_frame_levels_t inner[FRONT_END_INNER]; /**< a ring */
    front_end_frame_levels_t edges[FRONT_END_EDGES];
    int16_t frame[FRONT_END_LENGTH]; /**< a frame that does not lie in one piece in `pcm` */
    float points[FRONT_END_LENGTH];  /**< spectrum and power of a frame */
} front_end_t;
#else
/** One window: the samples of its next frame, the levels of all frames so far, and scratch. */
typedef struct {
    uint32_t missing;                  /**< samples until the window is complete */
    uint32_t begin;                    /**< the place in `pcm` where the next frame begins */
    uint32_t end;                      /**< the place in `pcm` of the next sample */
    uint32_t frames;                   /**< frames in `levels` */
    front_end_level_t top;             /**< the greatest level so far */
    int16_t pcm[2 * FRONT_END_LENGTH]; /**< samples and padding; moved to its front when a frame would not fit behind */
    float points[FRONT_END_LENGTH];    /**< spectrum and power of a frame */
    front_end_frame_levels_t levels[FRONT_END_FRAMES];
} front_end_t;
#endif

/** Begin a stream: nothing of what the memory held before is used. */
void front_end_start(front_end_t *front_end);

/**
 * Take any number of samples, and compute the frames that they complete.
 *
 * Without FRONT_END_STREAMS a stream is one window: samples behind it are left out.
 */
void front_end_push(front_end_t *front_end, const int16_t *samples, uint32_t count);

/** Whether the last second is a window: a second has come and, since then, a multiple of FRONT_END_HOP samples. */
bool front_end_ready(const front_end_t *front_end);

/** The int8 input (FRONT_END_BANDS, FRONT_END_FRAMES) of the window that ends with the last sample; only when ready. */
void front_end_window(front_end_t *front_end, int8_t *input);

#endif
