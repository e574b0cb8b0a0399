/**
 * @file chip.h
 * @brief What differs between chip families: clocks, memory power, identity, reset cause. One implementation per family.
 */
#ifndef EDGEL3_DRIVERS_CHIP_H
#define EDGEL3_DRIVERS_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "link/protocol.h"

/** Clocks in Hz as they run. */
typedef struct {
    uint32_t cpu_hz;
    uint32_t apb1_hz;
    uint32_t apb2_hz;
} chip_clocks_t;

/** Give every RAM its clock, and mend what the silicon does wrong with it. */
void chip_power_memories(void);

/**
 * Bring the CPU to BOARD_CPU_HZ.
 *
 * Every wait is bounded: when crystal, PLL or regulator do not become ready, the chip stays on its internal oscillator and
 * the result says so.
 */
chip_clocks_t chip_start_clocks(void);

/** Down to the internal oscillator, crystal and PLL off: until chip_start_clocks(), which may be called again. */
chip_clocks_t chip_stop_clocks(void);

/** Device identity (DBGMCU_IDCODE), 0 without one. */
uint32_t chip_device_id(void);

/** What the latest reset was, once: from then on LINK_RESET_UNKNOWN, until the next reset. */
link_reset_cause_t chip_take_reset_cause(void);

#endif
