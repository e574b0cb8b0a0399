/*
 * Sleep mode of STM32F7 (RM0410 section 4.3) and STM32H7 (CSleep, RM0433 section 6.7): the CPU's clock stands, buses and
 * peripherals run on, and the UART's DMA writes to its ring, which is no TCM.
 *
 * SysTick ends each pause. Its interrupt is never taken: pending, it wakes the CPU although PRIMASK masks it. CYCCNT
 * stands meanwhile, and follows the slow clock in between; SysTick tells what a pause lasted, and the counter is told the
 * rest.
 */
#include "board.h"

#ifndef BOARD_FAMILY_MPS2_AN500

#include "drivers/counter.h"
#include "drivers/cortex_m7.h"
#include "drivers/sleep.h"
#include "drivers/uart.h"

/* The slow clock, and the counter when the time was last right. */
static uint32_t slow_hz;
static uint64_t right_at;

/* Of `cycles` of the slow clock the counter has seen as many as it moved since it was right. */
static void account(uint64_t cycles)
{
    const uint64_t seen = counter_read() - right_at;
    const uint64_t passed = cycles * BOARD_CPU_HZ / slow_hz;
    counter_skip(passed > seen ? passed - seen : 0);
    right_at = counter_read();
}

/* While the CPU runs, the counter moves with the slow clock. */
static void account_awake(void)
{
    account(counter_read() - right_at);
}

static uint32_t pause(uint32_t cycles)
{
    SYST_RVR = cycles - 1u;
    SYST_CVR = 0;
    __asm volatile("cpsid i" ::: "memory");
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    __asm volatile("dsb\n wfi\n isb" ::: "memory");
    const uint32_t left = SYST_CVR;
    const uint32_t laps = (SYST_CSR & SYST_CSR_COUNTFLAG) != 0 ? 1u : 0u;
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    __asm volatile("cpsie i" ::: "memory");
    return laps * cycles + (cycles - 1u - left);
}

void sleep_begin(void)
{
    uart_use_internal_clock();
    slow_hz = chip_stop_clocks().cpu_hz;
    right_at = counter_read();
}

void sleep_wait(void)
{
    account_awake();
    account(pause(slow_hz / 1000u * SLEEP_MS));
}

chip_clocks_t sleep_end(void)
{
    account_awake();
    const chip_clocks_t clocks = chip_start_clocks();
    account_awake();
    uart_use_bus_clock(&clocks);
    return clocks;
}

#endif
