/*
 * An I2S microphone on block A of SAI1, the same on STM32F7 (RM0410 section 36) and STM32H7 (RM0433 section 51).
 *
 * The block is the master: frames of two slots of 32 bits, WS low for the first, a sample's highest bit one clock after
 * WS changes. The microphone drives 24 bits of its own slot, which is the only one that is kept; DMA2, stream 3, takes
 * it as a word of 32 bits. While the microphone does not drive the line, a resistor of the chip holds it low.
 *
 * The master clock is 256 times the rate (audio_clock.h) and leaves the chip nowhere; the bit clock is a quarter of it.
 */
#include "board.h"

#ifdef BOARD_MICROPHONE_I2S

#include "drivers/audio_clock.h"
#include "drivers/microphone_source.h"
#include "drivers/stm32.h"

#define SAI1_BLOCK_A 0x40015804u
#define SAI_CR1 REG32(SAI1_BLOCK_A + 0x00u)
#define SAI_CR1_MODE_MASTER_RECEIVER 1u
#define SAI_CR1_DS_32 (7u << 5)
#define SAI_CR1_CKSTR_RISING BIT(9)
#define SAI_CR1_SAIEN BIT(16)
#define SAI_CR1_DMAEN BIT(17)
#define SAI_CR2 REG32(SAI1_BLOCK_A + 0x04u)
#define SAI_CR2_FFLUSH BIT(3)
#define SAI_FRCR REG32(SAI1_BLOCK_A + 0x08u)
#define SAI_FRCR_FRL(bits) ((bits)-1u)
#define SAI_FRCR_FSALL(bits) (((bits)-1u) << 8)
#define SAI_FRCR_FSDEF BIT(16)
#define SAI_FRCR_FSOFF BIT(18)
#define SAI_SLOTR REG32(SAI1_BLOCK_A + 0x0Cu)
#define SAI_SLOTR_SLOTSZ_32 (2u << 6)
#define SAI_SLOTR_NBSLOT(slots) (((slots)-1u) << 8)
#define SAI_SLOTR_SLOTEN(slot) BIT(16u + (slot))
#define SAI_IMR REG32(SAI1_BLOCK_A + 0x10u)
#define SAI_SR REG32(SAI1_BLOCK_A + 0x14u)
#define SAI_SR_OVRUDR BIT(0)
#define SAI_CLRFR REG32(SAI1_BLOCK_A + 0x18u)
/* Address of the data register. */
#define SAI_DR_ADDRESS (SAI1_BLOCK_A + 0x1Cu)

#define SLOT_BITS 32u
#define SLOTS 2u
#ifdef BOARD_FAMILY_STM32F7
/* Channel 0 of the stream. */
#define SAI1_A_REQUEST 0u
#else
#define SAI1_A_REQUEST 87u
#endif
#define SAI1_A_STREAM 3u
#define SAI1_ALTERNATE_FUNCTION 6u

const microphone_source_t microphone_source = {
    .stream = {.controller = 2, .stream = SAI1_A_STREAM, .request = SAI1_A_REQUEST},
    .data = SAI_DR_ADDRESS,
    .width = DMA_WORDS,
};

bool microphone_source_prepare(void)
{
    if (!audio_clock_start()) {
        return false;
    }
    RCC_APB2ENR |= RCC_APB2ENR_SAI1EN;
    (void)RCC_APB2ENR;
    RCC_APB2RSTR |= RCC_APB2ENR_SAI1EN;
    (void)RCC_APB2RSTR;
    RCC_APB2RSTR &= ~RCC_APB2ENR_SAI1EN;
    stm32_connect_pin(BOARD_MICROPHONE_CLOCK_PORT, BOARD_MICROPHONE_CLOCK_PIN, SAI1_ALTERNATE_FUNCTION, NO_PULL);
    stm32_connect_pin(BOARD_MICROPHONE_SELECT_PORT, BOARD_MICROPHONE_SELECT_PIN, SAI1_ALTERNATE_FUNCTION, NO_PULL);
    stm32_connect_pin(BOARD_MICROPHONE_DATA_PORT, BOARD_MICROPHONE_DATA_PIN, SAI1_ALTERNATE_FUNCTION, PULL_DOWN);
    SAI_CR1 = SAI_CR1_MODE_MASTER_RECEIVER | SAI_CR1_DS_32 | SAI_CR1_CKSTR_RISING;
    SAI_CR2 = SAI_CR2_FFLUSH;
    SAI_FRCR = SAI_FRCR_FRL(SLOTS * SLOT_BITS) | SAI_FRCR_FSALL(SLOT_BITS) | SAI_FRCR_FSDEF | SAI_FRCR_FSOFF;
    SAI_SLOTR = SAI_SLOTR_SLOTSZ_32 | SAI_SLOTR_NBSLOT(SLOTS) | SAI_SLOTR_SLOTEN(BOARD_MICROPHONE_SLOT);
    SAI_IMR = 0;
    return true;
}

void microphone_source_run(void)
{
    SAI_CR1 |= SAI_CR1_DMAEN;
    SAI_CR1 |= SAI_CR1_SAIEN;
}

/* The block ends the frame under way first. */
void microphone_source_stop(void)
{
    SAI_CR1 &= ~SAI_CR1_SAIEN;
    stm32_wait(&SAI_CR1, SAI_CR1_SAIEN, 0);
    RCC_APB2ENR &= ~RCC_APB2ENR_SAI1EN;
    audio_clock_stop();
}

bool microphone_source_overran(void)
{
    const bool overran = (SAI_SR & SAI_SR_OVRUDR) != 0;
    if (overran) {
        SAI_CLRFR = SAI_SR_OVRUDR;
    }
    return overran;
}

#endif
