/* STM32F76x/F77x: PLLSAI, whose input is the main PLL's (RM0410 sections 5.2 and 5.3.24). */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) && defined(BOARD_MICROPHONE_I2S)

#include "drivers/audio_clock.h"
#include "drivers/stm32.h"

/* The consumers of P and R are unused: the slowest settings. */
#define UNUSED_P 8u
#define UNUSED_R 7u

_Static_assert(BOARD_MICROPHONE_PLL_M == BOARD_PLL_M, "PLLSAI and the main PLL share M");

static bool stop_pll(void)
{
    RCC_CR &= ~RCC_CR_PLLSAION;
    return stm32_wait(&RCC_CR, RCC_CR_PLLSAIRDY, 0);
}

void audio_clock_stop(void)
{
    (void)stop_pll();
}

bool audio_clock_start(void)
{
    if (!stop_pll()) {
        return false;
    }
    RCC_PLLSAICFGR = RCC_PLLSAICFGR_N(BOARD_MICROPHONE_PLL_N) | RCC_PLLSAICFGR_P(UNUSED_P) |
                     RCC_PLLSAICFGR_Q(BOARD_MICROPHONE_PLL_P) | RCC_PLLSAICFGR_R(UNUSED_R);
    stm32_modify(&RCC_DCKCFGR1, RCC_DCKCFGR1_SAI1SEL_MASK | RCC_DCKCFGR1_PLLSAIDIVQ_MASK,
                 RCC_DCKCFGR1_PLLSAIDIVQ(BOARD_MICROPHONE_PLL_DIVIDER));
    RCC_CR |= RCC_CR_PLLSAION;
    return stm32_wait(&RCC_CR, RCC_CR_PLLSAIRDY, RCC_CR_PLLSAIRDY);
}

#endif
