/**
 * @file core.h
 * @brief The Cortex-M7 itself: exceptions, caches, memory protection, reset, fault status.
 */
#ifndef EDGEL3_DRIVERS_CORE_H
#define EDGEL3_DRIVERS_CORE_H

#include <stdint.h>

/** Fault status and address registers. */
typedef struct {
    uint32_t cfsr;
    uint32_t hfsr;
    uint32_t mmfar;
    uint32_t bfar;
} core_fault_t;

/**
 * Install the vector table, silence every interrupt, close memory that nothing may access, enable the caches but for the
 * board's RAM for DMA.
 *
 * @param stack_limit lowest address of the stack: the CORE_STACK_GUARD bytes there are closed
 */
void core_start(uintptr_t vectors, uintptr_t stack_limit);

/** Bytes at the bottom of the stack whose use faults: the smallest region of the MPU. */
#define CORE_STACK_GUARD 32u

/** Leave for another image: caches and memory protection off as after a reset, then in through its vector table. */
__attribute__((noreturn)) void core_start_image(uintptr_t vectors);

/** The registers that say why a fault was taken. */
core_fault_t core_fault_status(void);

/** Write the cache lines of these bytes back to memory. */
void core_clean(uintptr_t address, uint32_t size);

/** Forget the cache lines of these bytes: memory has changed. What was written there and not cleaned is lost. */
void core_invalidate(uintptr_t address, uint32_t size);

/** Reset the chip. */
__attribute__((noreturn)) void core_reset(void);

#endif
