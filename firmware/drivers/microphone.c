/*
 * The ring that a microphone's samples go round, whichever way they come (microphone_source.h).
 *
 * Nothing interrupts: where the DMA writes follows from its counter. By two flags it tells that it has passed the
 * middle and the end of the ring. A lap passes both; only then the CPU's cycles, which come from the same clock as the
 * samples, are asked how many laps there were.
 */
#include "drivers/microphone.h"

#ifdef BOARD_MICROPHONE_RATE

#include "drivers/counter.h"
#include "drivers/microphone_source.h"

/* Less than one part of so many is left between what waits and what the DMA writes: older samples are given up. */
#define MARGIN 8u
/* Bits below a sample's lowest in the ring. */
#define SPARE_BITS (sizeof(microphone_sample_t) == sizeof(int32_t) ? 8 : 0)

static const volatile microphone_sample_t *ring;
static uint32_t ring_size, position, waiting, lost;
static uint64_t looked_at;

bool microphone_start(const chip_clocks_t *clocks, microphone_sample_t *samples, uint32_t size)
{
    if (clocks->cpu_hz != BOARD_CPU_HZ || size == 0 || size > MICROPHONE_MAX_RING || size % 2u != 0) {
        return false;
    }
    ring = samples;
    ring_size = size;
    position = 0;
    waiting = 0;
    lost = 0;
    if (!microphone_source_prepare() || !dma_start_ring(&microphone_source.stream, microphone_source.data, samples, size,
                                                        microphone_source.width)) {
        return false;
    }
    looked_at = counter_read();
    microphone_source_run();
    return true;
}

void microphone_stop(void)
{
    microphone_source_stop();
    dma_stop(&microphone_source.stream);
}

/* Samples that the DMA has written since the last look. */
static uint32_t look(void)
{
    const bool may_be_more = dma_passed_both(&microphone_source.stream);
    const uint32_t at = dma_position(&microphone_source.stream, ring_size);
    const uint64_t now = counter_read();
    const uint32_t least = (at + ring_size - position) % ring_size;
    const uint64_t passed = (now - looked_at) / BOARD_MICROPHONE_CYCLES;
    position = at;
    looked_at = now;
    if (!may_be_more || passed <= least) {
        return least;
    }
    return least + (uint32_t)((passed - least + ring_size / 2u) / ring_size) * ring_size;
}

uint32_t microphone_read(microphone_sample_t *samples, uint32_t most)
{
    waiting += look();
    if (microphone_source_overran()) {
        lost++;
    }
    if (waiting > ring_size - ring_size / MARGIN) {
        lost += waiting - ring_size / 2u;
        waiting = ring_size / 2u;
    }
    const uint32_t taken = waiting < most ? waiting : most;
    uint32_t from = (position + ring_size - waiting) % ring_size;
    for (uint32_t i = 0; i < taken; i++) {
        samples[i] = (microphone_sample_t)(ring[from] >> SPARE_BITS);
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

bool microphone_start(const chip_clocks_t *clocks, microphone_sample_t *samples, uint32_t size)
{
    (void)clocks;
    (void)samples;
    (void)size;
    return false;
}

void microphone_stop(void)
{
}

uint32_t microphone_read(microphone_sample_t *samples, uint32_t most)
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
