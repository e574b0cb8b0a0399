/**
 * @file summary.h
 * @brief The summary that a node sends over LoRaWAN, as bytes.
 */
#ifndef EDGEL3_LINK_SUMMARY_H
#define EDGEL3_LINK_SUMMARY_H

#include <stdint.h>

#include "link/summary_layout.h"

/** Value of a field that the node does not have. Only fields that may be absent take it. */
#define SUMMARY_ABSENT INT64_MIN

/** Values by summary_field_t, and the share of each label in percent. */
typedef struct {
    int64_t values[SUMMARY_FIELD_COUNT];
    uint32_t label_count; /**< at most SUMMARY_MAX_LABELS count */
    uint8_t shares[SUMMARY_MAX_LABELS];
} summary_t;

/**
 * Write a summary.
 *
 * Values are rounded to their field's step, halves up, and held within its range.
 *
 * @return bytes written, at most SUMMARY_MAX_SIZE
 */
uint32_t summary_encode(const summary_t *summary, uint8_t payload[SUMMARY_MAX_SIZE]);

#endif
