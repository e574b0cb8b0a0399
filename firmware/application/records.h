/**
 * @file records.h
 * @brief The newest records of the sensor, as bytes that a host reads (link/record_layout.h).
 */
#ifndef EDGEL3_APPLICATION_RECORDS_H
#define EDGEL3_APPLICATION_RECORDS_H

#include <stdint.h>

#include "head/label_state.h"
#include "link/record_layout.h"
#include "edgel3.h"
#include "sound/sound.h"

#if EDGEL3_FRONT_END

enum {
    RECORDS_SIZE = RECORD_SIZE(EDGEL3_LABEL_COUNT, EDGEL3_BANDS, EDGEL3_OUTPUT_SIZE),
    /** How many are held. */
    RECORDS_HELD = 8,
};

/** One window; what the arrays are made of stays the caller's. */
typedef struct {
    uint64_t end;
    uint32_t lost;
    uint64_t busy;
    uint8_t flags;
    sound_levels_t levels;     /**< calibrated */
    const int8_t *scores;      /**< of each label */
    const head_state_t *state; /**< of each label */
    const int8_t *bands;
    const int8_t *embedding;
} record_t;

/** Forget all records: the next one has sequence 0. */
void records_start(void);

/** Keep a record, in the place of the oldest one. */
void records_add(const record_t *record);

/** The sequence that the next record has. */
uint32_t records_next(void);

/** The sequence of the oldest one that is held. */
uint32_t records_oldest(void);

/** RECORDS_SIZE bytes of one that is held. */
const uint8_t *records_find(uint32_t sequence);

#endif

#endif
