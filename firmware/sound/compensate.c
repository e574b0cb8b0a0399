/*
 * What a microphone's sinc filter takes from high frequencies is given back: a symmetric filter of integer taps
 * (SMLAD, two at a time).
 *
 * Layout: taps are Q13, in the order of the samples that they meet. Samples wait in a line that begins with the oldest
 * one that the next output needs. Two outputs at a time share the loads of taps.
 *
 * Bounds: sums have 32 bits. The generator checks that |taps| sum up to less than 8, so that none can overflow.
 *
 * Cost: per output and pair of taps 2.5 instructions in the loop; the whole in docs/sound.md.
 */
#include "simd.h"
#include "sound/sound.h"

enum { FRACTION = 13, HALF = 1 << (FRACTION - 1), PAST = SOUND_COMPENSATION - 1 };

void sound_compensate_start(sound_compensation_t *compensation, const int16_t *taps)
{
    compensation->taps = taps;
    for (int32_t i = 0; i < PAST; i++) {
        compensation->line[i] = 0;
    }
}

EDGEL3_INLINE uint32_t pair(const int16_t *samples)
{
    uint32_t word;
    __builtin_memcpy(&word, samples, sizeof word);
    return word;
}

/* Whether the sample had to be limited. */
EDGEL3_INLINE bool store(int32_t sum, int16_t *pcm)
{
    const int32_t value = sum >> FRACTION, limited = edgel3_ssat16(value);
    *pcm = (int16_t)limited;
    return limited != value;
}

/* Two outputs; how many were limited. */
static uint32_t two(const int16_t *taps, const int16_t *samples, int16_t *pcm)
{
    uint32_t first = HALF, second = HALF;
    for (int32_t k = 0; k < SOUND_COMPENSATION; k += 2) {
        const uint32_t tap = pair(taps + k);
        first = edgel3_smlad(tap, pair(samples + k), first);
        second = edgel3_smlad(tap, pair(samples + k + 1), second);
    }
    return (uint32_t)store((int32_t)first, pcm) + (uint32_t)store((int32_t)second, pcm + 1);
}

static uint32_t one(const int16_t *taps, const int16_t *samples, int16_t *pcm)
{
    uint32_t sum = HALF;
    for (int32_t k = 0; k < SOUND_COMPENSATION; k += 2) {
        sum = edgel3_smlad(pair(taps + k), pair(samples + k), sum);
    }
    return store((int32_t)sum, pcm);
}

/* At most SOUND_BLOCK samples. */
EDGEL3_PLAIN_LOOPS
static uint32_t run(sound_compensation_t *compensation, int16_t *pcm, int32_t count)
{
    int16_t *line = compensation->line;
    uint32_t clipped = 0;
    for (int32_t i = 0; i < count; i++) {
        line[PAST + i] = pcm[i];
    }
    int32_t done = 0;
    for (; done + 2 <= count; done += 2) {
        clipped += two(compensation->taps, line + done, pcm + done);
    }
    if (done < count) {
        clipped += one(compensation->taps, line + done, pcm + done);
    }
    for (int32_t i = 0; i < PAST; i++) {
        line[i] = line[count + i];
    }
    return clipped;
}

uint32_t sound_compensate(sound_compensation_t *compensation, int16_t *pcm, int32_t count)
{
    uint32_t clipped = 0;
    while (count > 0) {
        const int32_t taken = count < SOUND_BLOCK ? count : SOUND_BLOCK;
        clipped += run(compensation, pcm, taken);
        pcm += taken;
        count -= taken;
    }
    return clipped;
}
