/**
 * @file microphone.h
 * @brief The board's microphone: samples arrive by DMA in a ring in memory and are taken from there by polling.
 */
#ifndef EDGEL3_DRIVERS_MICROPHONE_H
#define EDGEL3_DRIVERS_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "drivers/chip.h"

/** Most samples that a ring has: an even number that the DMA can count. */
#define MICROPHONE_MAX_RING 65534u

/** A sample: 24 bits, sign-extended, from an I2S microphone, otherwise 16. */
#ifdef BOARD_MICROPHONE_I2S
typedef int32_t microphone_sample_t;
#else
typedef int16_t microphone_sample_t;
#endif

/**
 * Begin to fill `ring`, an even number of samples, at BOARD_MICROPHONE_RATE; the counter runs.
 *
 * The ring lies where no data cache is: in section .dma, or on the STM32F7 in DTCM. Seven eighths of it outlast the
 * longest pause between two calls of microphone_read, or samples are lost. False without a microphone, for a ring of
 * another size, or where the clocks are not those of the board file.
 */
bool microphone_start(const chip_clocks_t *clocks, microphone_sample_t *ring, uint32_t size);

/** Stop it: neither microphone nor DMA has a clock until microphone_start(). */
void microphone_stop(void);

/** Take the samples that have arrived, `most` at most; how many. */
uint32_t microphone_read(microphone_sample_t *samples, uint32_t most);

/** Samples lost since the start, because they were not taken in time. */
uint32_t microphone_lost(void);

#endif
