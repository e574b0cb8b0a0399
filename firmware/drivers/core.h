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

/** Install the vector table, silence every interrupt, close memory that the boards do not have, enable the caches. */
void core_start(uintptr_t vectors);

/** The registers that say why a fault was taken. */
core_fault_t core_fault_status(void);

/** Write the cache line that holds `address` back to memory. */
void core_clean_line(uintptr_t address);

/** Reset the chip. */
__attribute__((noreturn)) void core_reset(void);

#endif
