/**
 * @file dma.h
 * @brief A stream of a DMA controller that writes what a peripheral receives round a ring in memory.
 *
 * Nothing interrupts: where it writes is asked for. By two flags it tells that it has passed the middle and the end of
 * the ring, so that who asks often enough knows of every lap.
 */
#ifndef EDGEL3_DRIVERS_DMA_H
#define EDGEL3_DRIVERS_DMA_H

#include <stdbool.h>
#include <stdint.h>

/** Most data that a ring has. */
#define DMA_MAX_COUNT 65535u

/**
 * Controller 1 or 2, one of its streams 0 to 7, what it is to serve: a channel (STM32F7) or an input of DMAMUX1
 * (STM32H7), and whether that is a UART, with which a stream of the STM32H7 may lock up otherwise (ES0392).
 */
typedef struct {
    uint32_t controller;
    uint32_t stream;
    uint32_t request;
    bool serves_uart;
} dma_stream_t;

/** What is moved at a time: 1, 2 or 4 bytes. */
typedef enum { DMA_BYTES, DMA_HALFWORDS, DMA_WORDS } dma_width_t;

/**
 * Move what the data register at address `source` receives round `ring`, `count` data of `width`, from its start on.
 *
 * The ring lies where the controller reaches and no data cache is. False if the stream does not stop before, or for an
 * impossible count.
 */
bool dma_start_ring(
    const dma_stream_t *stream, uint32_t source, volatile void *ring, uint32_t count, dma_width_t width);

/** Stop after the transfer under way. */
void dma_stop(const dma_stream_t *stream);

/** Where in the ring of `count` data it writes next. */
uint32_t dma_position(const dma_stream_t *stream, uint32_t count);

/** Whether it has passed the middle as well as the end of the ring since the last call. */
bool dma_passed_both(const dma_stream_t *stream);

#endif
