/* IWDG of STM32F7 (RM0410 section 29) and IWDG1 of STM32H7 (RM0433 section 46), the same registers in both. */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) || defined(BOARD_FAMILY_STM32H7)

#include "drivers/stm32.h"
#include "drivers/watchdog.h"

/* The low-speed oscillator's nominal 32 kHz divided by 256. */
#define MS_PER_TICK 8u
#define MAX_TICKS 4096u

_Static_assert(WATCHDOG_MAX_MS / MS_PER_TICK <= MAX_TICKS, "the reload register has 12 bits");

/* A value is taken over within six ticks, 48 ms; until then another one is ignored. At full clock one wait is shorter. */
static void wait_for_update(void)
{
    const uint32_t waits = 8u;
    for (uint32_t i = 0; i < waits && !stm32_wait(&IWDG_SR, IWDG_SR_UPDATING, 0); i++) {
    }
}

void watchdog_start(uint32_t milliseconds)
{
    /* Starting it first starts the oscillator, without which the new values are never taken over. */
    IWDG_KR = IWDG_KR_START;
    IWDG_KR = IWDG_KR_UNLOCK;
    wait_for_update();
    IWDG_PR = IWDG_PR_DIV256;
    IWDG_RLR = milliseconds / MS_PER_TICK - 1u;
    wait_for_update();
    IWDG_KR = IWDG_KR_FEED;
}

void watchdog_feed(void)
{
    IWDG_KR = IWDG_KR_FEED;
}

#endif
