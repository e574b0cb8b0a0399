/* DMA1 and DMA2 of STM32F7 (RM0410 section 8) and STM32H7 (RM0433 sections 15 and 17): the same registers, requests apart. */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) || defined(BOARD_FAMILY_STM32H7)

#include "drivers/dma.h"
#include "drivers/stm32.h"

/* What the stream serves, as bits of its control register. */
#ifdef BOARD_FAMILY_STM32H7
static uint32_t choose_request(const dma_stream_t *stream)
{
    DMAMUX1_CCR(stream->controller, stream->stream) = stream->request;
    return stream->serves_uart ? DMA_SXCR_TRBUFF : 0;
}
#else
static uint32_t choose_request(const dma_stream_t *stream)
{
    return DMA_SXCR_CHSEL(stream->request);
}
#endif

bool dma_start_ring(
    const dma_stream_t *stream, uint32_t source, volatile void *ring, uint32_t count, dma_width_t width)
{
    const uint32_t dma = stream->controller, number = stream->stream;
    if (count == 0 || count > DMA_MAX_COUNT) {
        return false;
    }
    RCC_AHB1ENR |= RCC_AHB1ENR_DMAEN(dma);
    (void)RCC_AHB1ENR;
    DMA_SXCR(dma, number) &= ~DMA_SXCR_EN;
    if (!stm32_wait(&DMA_SXCR(dma, number), DMA_SXCR_EN, 0)) {
        return false;
    }
    DMA_IFCR(dma, number) = DMA_IFCR_ALL(number);
    DMA_SXPAR(dma, number) = source;
    DMA_SXM0AR(dma, number) = (uint32_t)(uintptr_t)ring;
    DMA_SXNDTR(dma, number) = count;
    DMA_SXFCR(dma, number) = 0;
    DMA_SXCR(dma, number) = choose_request(stream) | DMA_SXCR_PL_HIGH | DMA_SXCR_MSIZE(width) |
                            DMA_SXCR_PSIZE(width) | DMA_SXCR_MINC | DMA_SXCR_CIRC;
    DMA_SXCR(dma, number) |= DMA_SXCR_EN;
    return true;
}

void dma_stop(const dma_stream_t *stream)
{
    DMA_SXCR(stream->controller, stream->stream) &= ~DMA_SXCR_EN;
    stm32_wait(&DMA_SXCR(stream->controller, stream->stream), DMA_SXCR_EN, 0);
}

uint32_t dma_position(const dma_stream_t *stream, uint32_t count)
{
    return (count - DMA_SXNDTR(stream->controller, stream->stream)) % count;
}

bool dma_passed_both(const dma_stream_t *stream)
{
    const uint32_t both = DMA_HTIF | DMA_TCIF, shift = DMA_FLAGS_AT(stream->stream);
    const uint32_t flags = DMA_ISR(stream->controller, stream->stream) >> shift & DMA_FLAGS;
    DMA_IFCR(stream->controller, stream->stream) = flags << shift;
    return (flags & both) == both;
}

#endif
