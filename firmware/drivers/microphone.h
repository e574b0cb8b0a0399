/**
 * @file microphone.h
 * @brief The board's microphone: samples arrive by DMA in a ring in memory and are taken from there by polling.
 */
#ifndef EDGEL3_DRIVERS_MICROPHONE_H
#define EDGEL3_DRIVERS_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/chip.h"

/** Most samples that a ring has: an even number that the DMA can count. */
#define MICROPHONE_MAX_RING 65534u

/**
 * Begin to fill `ring`, an even number of samples, at BOARD_MICROPHONE_RATE; the counter runs.
 *
 * The ring lies where no data cache is: in section .dma, or in DTCM. Seven eighths of it outlast the longest pause between
 * two calls of microphone_read, or samples are lost. False without a microphone, for a ring of another size, or where the
 * clocks are not those of the board file.
 */
bool microphone_start(const chip_clocks_t *clocks, int16_t *ring, uint32_t size);

/** Take the samples that have arrived, `most` at most; how many. */
uint32_t microphone_read(int16_t *samples, uint32_t most);

/** Samples lost since the start, because they were not taken in time. */
uint32_t microphone_lost(void);

#endif
