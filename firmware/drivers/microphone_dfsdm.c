/*
 * A PDM microphone on DFSDM1 of the STM32F76x (RM0410 section 17): filter 0, a fourth-order sinc that gives the
 * upper 16 of its 24 bits to DMA2 (section 8), stream 0, which writes them round a ring.
 *
 * Nothing interrupts: where the DMA writes follows from its counter. By two flags it tells that it has passed the
 * middle and the end of the ring. A lap passes both; only then the CPU's cycles, which come from the same clock as the
 * samples, are asked how many laps there were.
 */
#include "drivers/microphone.h"

#include "board.h"

#ifdef BOARD_MICROPHONE_RATE

#include "drivers/counter.h"
#include "drivers/stm32.h"

#define ORDER 4u
#define FILTER_CHANNEL 8u
/* Less than one part of so many is left between what waits and what the DMA writes: older samples are given up. */
#define MARGIN 8u

static const volatile int16_t *ring;
static uint32_t ring_size, position, waiting, lost;
static uint64_t looked_at;

static void start_clocks(void)
{
    RCC_APB2ENR |= RCC_APB2ENR_DFSDM1EN;
    (void)RCC_APB2ENR;
    RCC_APB2RSTR |= RCC_APB2ENR_DFSDM1EN;
    (void)RCC_APB2RSTR;
    RCC_APB2RSTR &= ~RCC_APB2ENR_DFSDM1EN;
    RCC_DCKCFGR1 &= ~RCC_DCKCFGR1_DFSDM1SEL;
    RCC_AHB1ENR |= RCC_AHB1ENR_DMAEN(2u);
    (void)RCC_AHB1ENR;
}

static bool start_dma(int16_t *to)
{
    DMA2_S0CR &= ~DMA_SXCR_EN;
    if (!stm32_wait(&DMA2_S0CR, DMA_SXCR_EN, 0)) {
        return false;
    }
    DMA2_LIFCR = DMA2_LISR_STREAM0;
    DMA2_S0PAR = DFSDM1_FLT0RDATAR_HIGH;
    DMA2_S0M0AR = (uint32_t)(uintptr_t)to;
    DMA2_S0NDTR = ring_size;
    DMA2_S0FCR = 0;
    DMA2_S0CR = DMA_SXCR_CHSEL(FILTER_CHANNEL) | DMA_SXCR_PL_HIGH | DMA_SXCR_MSIZE_16 | DMA_SXCR_PSIZE_16 |
                DMA_SXCR_MINC | DMA_SXCR_CIRC;
    DMA2_S0CR |= DMA_SXCR_EN;
    return true;
}

static void start_filter(void)
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

bool microphone_start(const chip_clocks_t *clocks, int16_t *samples, uint32_t size)
{
    if (clocks->cpu_hz != BOARD_CPU_HZ || size == 0 || size > MICROPHONE_MAX_RING || size % 2u != 0) {
        return false;
    }
    ring = samples;
    ring_size = size;
    position = 0;
    waiting = 0;
    lost = 0;
    start_clocks();
    stm32_connect_pin(
        BOARD_MICROPHONE_CLOCK_PORT, BOARD_MICROPHONE_CLOCK_PIN, BOARD_MICROPHONE_ALTERNATE_FUNCTION, NO_PULL);
    stm32_connect_pin(
        BOARD_MICROPHONE_DATA_PORT, BOARD_MICROPHONE_DATA_PIN, BOARD_MICROPHONE_ALTERNATE_FUNCTION, NO_PULL);
    if (!start_dma(samples)) {
        return false;
    }
    looked_at = counter_read();
    start_filter();
    return true;
}

void microphone_stop(void)
{
    DFSDM1_FLT0CR1 &= ~DFSDM_FLTCR1_DFEN;
    DFSDM1_CHCFGR1(BOARD_MICROPHONE_CHANNEL) &= ~DFSDM_CHCFGR1_CHEN;
    DFSDM1_CHCFGR1(0u) &= ~DFSDM_CHCFGR1_DFSDMEN;
    DMA2_S0CR &= ~DMA_SXCR_EN;
    stm32_wait(&DMA2_S0CR, DMA_SXCR_EN, 0);
    RCC_APB2ENR &= ~RCC_APB2ENR_DFSDM1EN;
}

/* Samples that the DMA has written since the last look. */
static uint32_t look(void)
{
    const uint32_t cycles = 2u * BOARD_MICROPHONE_DIVIDER * BOARD_MICROPHONE_OVERSAMPLING;
    const uint32_t both = DMA2_LISR_HTIF0 | DMA2_LISR_TCIF0;
    const uint32_t flags = DMA2_LISR;
    DMA2_LIFCR = flags & DMA2_LISR_STREAM0;
    const uint32_t at = (ring_size - DMA2_S0NDTR) % ring_size;
    const uint64_t now = counter_read();
    const uint32_t least = (at + ring_size - position) % ring_size;
    const uint64_t passed = (now - looked_at) / cycles;
    position = at;
    looked_at = now;
    if ((flags & both) != both || passed <= least) {
        return least;
    }
    return least + (uint32_t)((passed - least + ring_size / 2u) / ring_size) * ring_size;
}

uint32_t microphone_read(int16_t *samples, uint32_t most)
{
    waiting += look();
    if ((DFSDM1_FLT0ISR & DFSDM_FLTISR_ROVRF) != 0) {
        /* The DMA itself came too late. */
        DFSDM1_FLT0ICR = DFSDM_FLTISR_ROVRF;
        lost++;
    }
    if (waiting > ring_size - ring_size / MARGIN) {
        lost += waiting - ring_size / 2u;
        waiting = ring_size / 2u;
    }
    const uint32_t taken = waiting < most ? waiting : most;
    uint32_t from = (position + ring_size - waiting) % ring_size;
    for (uint32_t i = 0; i < taken; i++) {
        samples[i] = ring[from];
        from = from + 1u == ring_size ? 0u : from + 1u;
    }
    waiting -= taken;
    return taken;
}

uint32_t microphone_lost(void)
{
    return lost;
}

#else

bool microphone_start(const chip_clocks_t *clocks, int16_t *samples, uint32_t size)
{
    (void)clocks;
    (void)samples;
    (void)size;
    return false;
}

void microphone_stop(void)
{
}

uint32_t microphone_read(int16_t *samples, uint32_t most)
{
    (void)samples;
    (void)most;
    return 0;
}

uint32_t microphone_lost(void)
{
    return 0;
}

#endif
