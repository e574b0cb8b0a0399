/* DMA1 and DMA2 of STM32F7 (RM0410 section 8) and STM32H7 (RM0433 sections 15 and 17): the same registers, requests apart. */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) || defined(BOARD_FAMILY_STM32H7)

#include "drivers/dma.h"
#include "drivers/stm32.h"

#define DMA_BASE(controller) ((controller) == 1u ? DMA1_BASE : DMA2_BASE)
#define DMA_ISR(controller, stream) REG32(DMA_BASE(controller) + 0x00u + 4u * ((stream) / 4u))
#define DMA_IFCR(controller, stream) REG32(DMA_BASE(controller) + 0x08u + 4u * ((stream) / 4u))
/* Four streams share a register of flags. */
#define DMA_FLAGS_AT(stream) (6u * ((stream) % 4u) + 4u * ((stream) % 4u / 2u))
#define DMA_HTIF BIT(4)
#define DMA_TCIF BIT(5)
/* FEIF, DMEIF, TEIF, HTIF, TCIF; they clear in IFCR at the same places. */
#define DMA_FLAGS 0x3Du
#define DMA_SCR(controller, stream) REG32(DMA_BASE(controller) + 0x10u + 0x18u * (stream))
#define DMA_SCR_EN BIT(0)
#define DMA_SCR_CIRC BIT(8)
#define DMA_SCR_MINC BIT(10)
#define DMA_SCR_PSIZE(width) ((uint32_t)(width) << 11)
#define DMA_SCR_MSIZE(width) ((uint32_t)(width) << 13)
#define DMA_SCR_PL_HIGH (2u << 16)
#define DMA_SNDTR(controller, stream) REG32(DMA_BASE(controller) + 0x14u + 0x18u * (stream))
#define DMA_SPAR(controller, stream) REG32(DMA_BASE(controller) + 0x18u + 0x18u * (stream))
#define DMA_SM0AR(controller, stream) REG32(DMA_BASE(controller) + 0x1Cu + 0x18u * (stream))
#define DMA_SFCR(controller, stream) REG32(DMA_BASE(controller) + 0x24u + 0x18u * (stream))

static void start_clock(const dma_stream_t *stream)
{
    RCC_AHB1ENR |= stream->controller == 1u ? RCC_AHB1ENR_DMA1EN : RCC_AHB1ENR_DMA2EN;
    (void)RCC_AHB1ENR;
}

/* What the stream serves, as bits of its control register. */
static uint32_t choose_request(const dma_stream_t *stream)
{
#ifdef BOARD_FAMILY_STM32F7
    return DMA_SCR_CHSEL(stream->request);
#else
    DMAMUX1_CCR(8u * (stream->controller - 1u) + stream->stream) = stream->request;
    return 0;
#endif
}

bool dma_start_ring(
    const dma_stream_t *stream, uint32_t source, volatile void *ring, uint32_t count, dma_width_t width)
{
    if (count == 0 || count > DMA_MAX_COUNT) {
        return false;
    }
    start_clock(stream);
    volatile uint32_t *const control = &DMA_SCR(stream->controller, stream->stream);
    *control &= ~DMA_SCR_EN;
    if (!stm32_wait(control, DMA_SCR_EN, 0)) {
        return false;
    }
    DMA_IFCR(stream->controller, stream->stream) = DMA_FLAGS << DMA_FLAGS_AT(stream->stream);
    DMA_SPAR(stream->controller, stream->stream) = source;
    DMA_SM0AR(stream->controller, stream->stream) = (uint32_t)(uintptr_t)ring;
    DMA_SNDTR(stream->controller, stream->stream) = count;
    DMA_SFCR(stream->controller, stream->stream) = 0;
    *control = choose_request(stream) | DMA_SCR_PL_HIGH | DMA_SCR_MSIZE(width) | DMA_SCR_PSIZE(width) | DMA_SCR_MINC |
               DMA_SCR_CIRC;
    *control |= DMA_SCR_EN;
    return true;
}

uint32_t dma_position(const dma_stream_t *stream, uint32_t count)
{
    return (count - DMA_SNDTR(stream->controller, stream->stream)) % count;
}

bool dma_passed_both(const dma_stream_t *stream)
{
    const uint32_t both = DMA_HTIF | DMA_TCIF;
    const uint32_t flags = DMA_ISR(stream->controller, stream->stream) >> DMA_FLAGS_AT(stream->stream) & DMA_FLAGS;
    DMA_IFCR(stream->controller, stream->stream) = flags << DMA_FLAGS_AT(stream->stream);
    return (flags & both) == both;
}

#endif
