/*
 * A PDM microphone on DFSDM1 of the STM32F76x (RM0410 section 17): filter 0, a fourth-order sinc that gives the
 * upper 16 of its 24 bits to DMA2, stream 0.
 */
#include "board.h"

#ifdef BOARD_MICROPHONE_DFSDM

#include "drivers/microphone_source.h"
#include "drivers/stm32.h"

#define ORDER 4u
#define FILTER_CHANNEL 8u

const microphone_source_t microphone_source = {
    .stream = {.controller = 2, .stream = 0, .request = FILTER_CHANNEL},
    .data = DFSDM1_FLT0RDATAR_HIGH,
    .width = DMA_HALFWORDS,
};

bool microphone_source_prepare(void)
{
    RCC_APB2ENR |= RCC_APB2ENR_DFSDM1EN;
    (void)RCC_APB2ENR;
    RCC_APB2RSTR |= RCC_APB2ENR_DFSDM1EN;
    (void)RCC_APB2RSTR;
    RCC_APB2RSTR &= ~RCC_APB2ENR_DFSDM1EN;
    RCC_DCKCFGR1 &= ~RCC_DCKCFGR1_DFSDM1SEL;
    stm32_connect_pin(
        BOARD_MICROPHONE_CLOCK_PORT, BOARD_MICROPHONE_CLOCK_PIN, BOARD_MICROPHONE_ALTERNATE_FUNCTION, NO_PULL);
    stm32_connect_pin(
        BOARD_MICROPHONE_DATA_PORT, BOARD_MICROPHONE_DATA_PIN, BOARD_MICROPHONE_ALTERNATE_FUNCTION, NO_PULL);
    return true;
}

void microphone_source_run(void)
{
    DFSDM1_CHCFGR1(0u) = DFSDM_CHCFGR1_CKOUTDIV(BOARD_MICROPHONE_DIVIDER);
    DFSDM1_CHCFGR1(0u) |= DFSDM_CHCFGR1_DFSDMEN;
    stm32_modify(&DFSDM1_CHCFGR1(BOARD_MICROPHONE_CHANNEL), DFSDM_CHCFGR1_SITP_MASK, DFSDM_CHCFGR1_SPICKSEL_CKOUT);
    DFSDM1_CHCFGR2(BOARD_MICROPHONE_CHANNEL) = 0;
    DFSDM1_CHCFGR1(BOARD_MICROPHONE_CHANNEL) |= DFSDM_CHCFGR1_CHEN;
    DFSDM1_FLT0FCR = DFSDM_FLTFCR_FORD(ORDER) | DFSDM_FLTFCR_FOSR(BOARD_MICROPHONE_OVERSAMPLING);
    DFSDM1_FLT0CR1 = DFSDM_FLTCR1_RCH(BOARD_MICROPHONE_CHANNEL) | DFSDM_FLTCR1_FAST | DFSDM_FLTCR1_RDMAEN |
                     DFSDM_FLTCR1_RCONT;
    DFSDM1_FLT0CR1 |= DFSDM_FLTCR1_DFEN;
    DFSDM1_FLT0CR1 |= DFSDM_FLTCR1_RSWSTART;
}

bool microphone_source_overran(void)
{
    const bool overran = (DFSDM1_FLT0ISR & DFSDM_FLTISR_ROVRF) != 0;
    if (overran) {
        DFSDM1_FLT0ICR = DFSDM_FLTISR_ROVRF;
    }
    return overran;
}

#endif
