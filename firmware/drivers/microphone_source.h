/**
 * @file microphone_source.h
 * @brief What differs between the ways to connect a microphone: one implementation for each kind.
 */
#ifndef EDGEL3_DRIVERS_MICROPHONE_SOURCE_H
#define EDGEL3_DRIVERS_MICROPHONE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/dma.h"

/** The stream that takes samples from the data register at address `data`, and their width there. */
typedef struct {
    dma_stream_t stream;
    uint32_t data;
    dma_width_t width;
} microphone_source_t;

extern const microphone_source_t microphone_source;

/** Set clocks, pins and peripheral up, without a sample yet; false if a clock does not come. */
bool microphone_source_prepare(void);

/** Let samples come. */
void microphone_source_run(void);

/** Stop, and take the clocks away. */
void microphone_source_stop(void);

/** Whether a sample was lost since the last call because the DMA took the one before too late. */
bool microphone_source_overran(void);

#endif
