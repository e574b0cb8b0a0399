/**
 * @file summaries.h
 * @brief What an interval's windows and levels come to, as the payload that a node sends (link/summary.h).
 */
#ifndef EDGEL3_APPLICATION_SUMMARIES_H
#define EDGEL3_APPLICATION_SUMMARIES_H

#include <stdbool.h>
#include <stdint.h>

#include "head/label_state.h"
#include "link/summary_layout.h"
#include "sound/sound.h"

/** An interval, but for its labels. */
typedef struct {
    uint32_t seconds;      /**< from the start to its end */
    bool lost;             /**< samples are missing */
    sound_levels_t levels; /**< calibrated */
} interval_t;

/** Forget everything: the next summary is the first one. */
void summaries_start(void);

/** Begin an interval. */
void summaries_begin(void);

/** Count the labels of a window. */
void summaries_count(const head_state_t *state);

/** Make a summary of what was counted since the one before. */
void summaries_add(const interval_t *interval);

/** How many there were. */
uint32_t summaries_made(void);

/** The newest one; how many bytes it has. */
uint32_t summaries_newest(const uint8_t **payload);

#endif
