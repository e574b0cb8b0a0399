/**
 * @file label_state.h
 * @brief Which labels are present: scores of windows smoothed over time, then thresholds with hysteresis.
 *
 * Integers only, so that host and board agree in every bit (edgel3_deploy/head/state.py). A score s counts as
 * s + 128, 0 to 255, in 256ths; the smoothed value has eight more bits. The units are those of the board's settings.
 */
#ifndef EDGEL3_HEAD_LABEL_STATE_H
#define EDGEL3_HEAD_LABEL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "head/most_labels.h"

/** Of one label: present from `on` upwards until below `off`, both in 256ths. */
typedef struct {
    uint8_t on;
    uint8_t off;
} head_threshold_t;

/** What may be changed while the board runs. */
typedef struct {
    uint8_t smoothing; /**< windows: the newest one weighs 1 / smoothing; 1 is none */
    head_threshold_t thresholds[HEAD_MOST_LABELS];
} head_settings_t;

/** Smoothed scores, in 65536ths, and which labels are present. */
typedef struct {
    bool started;
    uint16_t smoothed[HEAD_MOST_LABELS];
    bool present[HEAD_MOST_LABELS];
} head_state_t;

/** Whether `settings` can be used for so many labels: smoothing at least 1, and no threshold off above on. */
bool head_settings_usable(const head_settings_t *settings, uint32_t labels);

/** Forget all windows. */
void head_state_reset(head_state_t *state);

/**
 * Take the scores of one window. The first one after a reset counts whole.
 *
 * @return how many labels appeared or vanished
 */
uint32_t head_state_take(head_state_t *state, const head_settings_t *settings, const int8_t *scores,
                         uint32_t labels);

#endif
