/*
 * SysTick as an instruction counter: QEMU's mps2-an500 under -icount shift=0 takes 1 ns of virtual time for an
 * instruction, and 40 ns for a tick of the 25 MHz clock. Its DWT does not count.
 */
#include "board.h"

#ifdef BOARD_FAMILY_MPS2_AN500

#include "drivers/cortex_m7.h"
#include "drivers/counter.h"

#define RELOAD 0xFFFFFFu
#define INSTRUCTIONS_PER_TICK (1000000000u / BOARD_CPU_HZ)

static volatile uint32_t overflows;

void systick_handler(void);

void systick_handler(void)
{
    overflows++;
}

void counter_start(void)
{
    overflows = 0;
    SYST_RVR = RELOAD;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
}

uint64_t counter_read(void)
{
    __asm volatile("cpsid i" ::: "memory");
    uint32_t periods = overflows;
    uint32_t value = SYST_CVR;
    if ((SCB_ICSR & SCB_ICSR_PENDSTSET) != 0) {
        /* It passed zero, but the interrupt has not been taken. */
        periods++;
        value = SYST_CVR;
    }
    __asm volatile("cpsie i" ::: "memory");
    /* Counts down, and the interrupt comes when it reaches 0. */
    const uint64_t ticks = ((uint64_t)periods << 24) + ((0u - value) & RELOAD);
    return ticks * INSTRUCTIONS_PER_TICK;
}

/* The machine's clock never stands. */
void counter_skip(uint64_t counts)
{
    (void)counts;
}

uint32_t counter_hz(uint32_t cpu_hz)
{
    return cpu_hz * INSTRUCTIONS_PER_TICK;
}

link_counter_unit_t counter_unit(void)
{
    return LINK_COUNTER_INSTRUCTIONS;
}

#endif
