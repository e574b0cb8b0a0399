/*
 * Microphone samples to PCM: the mean is taken out, the rest amplified and rounded to int16.
 *
 * The mean is Q32 and follows by a fraction, `step`, of each difference: a first-order high-pass with -3 dB at
 * about rate * step / (2 pi 2^32) Hz. It is subtracted rounded down, so a constant becomes exactly zero. A sample counts as clipped if it is at a limit of its width or its PCM is beyond one of int16.
 *
 * Bounds: samples have 24 bits, so the mean has too, and differences have 25; with a gain of at most 2^22 the
 * product is below 2^55 after a shift by 8.
 *
 * Cost: in docs/sound.md.
 */
#include "simd.h"
#include "sound/sound.h"

enum { WIDTH = 24 };

void sound_condition_start(sound_condition_t *condition, int32_t mean_step, int32_t gain)
{
    condition->mean = 0;
    condition->step = mean_step;
    condition->gain = gain;
}

/* Whether the PCM had to be limited. */
EDGEL3_INLINE bool convert(sound_condition_t *condition, int32_t sample, int16_t *pcm)
{
    const int32_t difference = sample - (int32_t)(condition->mean >> 32);
    condition->mean += (int64_t)difference * condition->step;
    /* Q16 and eight bits more than PCM: 24 bits of fraction, 32 with the gain shifted. */
    const int32_t value = edgel3_smmlar(difference, condition->gain * (1 << 8), 0);
    const int32_t limited = edgel3_ssat16(value);
    *pcm = (int16_t)limited;
    return limited != value;
}

uint32_t sound_condition_24(sound_condition_t *condition, const int32_t *samples, int32_t count, int16_t *pcm)
{
    const int32_t low = -(1 << (WIDTH - 1)), high = (1 << (WIDTH - 1)) - 1;
    uint32_t clipped = 0;
    for (int32_t i = 0; i < count; i++) {
        const int32_t sample = samples[i];
        const bool limited = convert(condition, sample, pcm + i);
        clipped += limited || sample <= low || sample >= high;
    }
    return clipped;
}

uint32_t sound_condition_16(sound_condition_t *condition, const int16_t *samples, int32_t count, int16_t *pcm)
{
    uint32_t clipped = 0;
    for (int32_t i = 0; i < count; i++) {
        const int32_t sample = samples[i];
        const bool limited = convert(condition, sample * (1 << (WIDTH - 16)), pcm + i);
        clipped += limited || sample == INT16_MIN || sample == INT16_MAX;
    }
    return clipped;
}
