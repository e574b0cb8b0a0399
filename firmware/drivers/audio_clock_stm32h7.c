/* STM32H742/H743/H753: output P of PLL2, which has an input divider of its own (RM0433 sections 8.5.5 and 8.7). */
#include "board.h"

#if defined(BOARD_FAMILY_STM32H7) && defined(BOARD_MICROPHONE_I2S)

#include "drivers/audio_clock.h"
#include "drivers/stm32.h"

/* PLL2RGE: 1 to 2, 2 to 4, 4 to 8, 8 to 16 MHz; below 2 MHz the VCO is the medium one. */
#define AUDIO_REFERENCE_HZ (BOARD_HSE_HZ / BOARD_MICROPHONE_PLL_M)
#define AUDIO_REFERENCE_RANGE                                                                                          \
    (AUDIO_REFERENCE_HZ < 2000000u   ? 0u                                                                              \
     : AUDIO_REFERENCE_HZ < 4000000u ? 1u                                                                              \
     : AUDIO_REFERENCE_HZ < 8000000u ? 2u                                                                              \
                                     : 3u)
#define AUDIO_VCO_RANGE (AUDIO_REFERENCE_HZ < 2000000u ? RCC_PLLCFGR_PLL2VCOSEL_MEDIUM : 0u)

_Static_assert(BOARD_MICROPHONE_PLL_DIVIDER == 1u, "nothing divides PLL2's output further");

static bool stop_pll(void)
{
    RCC_CR &= ~RCC_CR_PLL2ON;
    return stm32_wait(&RCC_CR, RCC_CR_PLL2RDY, 0);
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
    stm32_modify(&RCC_PLLCKSELR, RCC_PLLCKSELR_DIVM2_MASK, RCC_PLLCKSELR_DIVM2(BOARD_MICROPHONE_PLL_M));
    stm32_modify(&RCC_PLLCFGR, RCC_PLLCFGR_PLL2_MASK,
                 RCC_PLLCFGR_PLL2RGE(AUDIO_REFERENCE_RANGE) | AUDIO_VCO_RANGE | RCC_PLLCFGR_DIVP2EN);
    RCC_PLL2DIVR = RCC_PLL2DIVR_N(BOARD_MICROPHONE_PLL_N) | RCC_PLL2DIVR_P(BOARD_MICROPHONE_PLL_P) |
                   RCC_PLL2DIVR_Q(BOARD_MICROPHONE_PLL_P) | RCC_PLL2DIVR_R(BOARD_MICROPHONE_PLL_P);
    RCC_CR |= RCC_CR_PLL2ON;
    if (!stm32_wait(&RCC_CR, RCC_CR_PLL2RDY, RCC_CR_PLL2RDY)) {
        return false;
    }
    stm32_modify(&RCC_D2CCIP1R, RCC_D2CCIP1R_SAI1SEL_MASK, RCC_D2CCIP1R_SAI1SEL_PLL2P);
    return true;
}

#endif
