/* Cycle counter of the DWT, extended to 64 bits. */
#include "board.h"

#ifndef BOARD_FAMILY_MPS2_AN500

#include "drivers/cortex_m7.h"
#include "drivers/counter.h"

static uint64_t total, skipped;

void counter_start(void)
{
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
    total = 0;
    skipped = 0;
}

uint64_t counter_read(void)
{
    total += DWT_CYCCNT - (uint32_t)total;
    return total + skipped;
}

void counter_skip(uint64_t counts)
{
    skipped += counts;
}

uint32_t counter_hz(uint32_t cpu_hz)
{
    return cpu_hz;
}

link_counter_unit_t counter_unit(void)
{
    return LINK_COUNTER_CPU_CYCLES;
}

#endif
