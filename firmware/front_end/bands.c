/*
 * Power to levels: triangular mel bands, then log2 in Q24, on which Slaney's factors are added.
 *
 * Between two neighbouring centres each bin rises into one band and falls out of the one below; what it does not give to the
 * first goes to the second. The logarithm is the exponent and a polynomial of the mantissa, with an error below 2^-23.
 */
#include "front_end/frame.h"

/* Bits of 1 and of the number next to sqrt(1/2), from where mantissas are taken. */
#define ONE 0x3F800000u
#define ROOT_HALF 0x3F3504F3u
/* Bits of 2^-63, which is far below the floor: what is less counts as zero. */
#define LEAST_POWER 0x20000000u
#define OCTAVE (1 << 24)

static inline int32_t log2_q24(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    if (bits < LEAST_POWER) {
        return FRONT_END_FLOOR - (1 << 28);
    }
    const uint32_t moved = bits + (ONE - ROOT_HALF);
    const int32_t exponent = (int32_t)(moved >> 23) - 127;
    bits = (moved & 0x7FFFFFu) + ROOT_HALF;
    float mantissa;
    __builtin_memcpy(&mantissa, &bits, sizeof mantissa);
    const float t = mantissa - 1.0F;
    float sum = FRONT_END_LOG_8;
    sum = sum * t + FRONT_END_LOG_7;
    sum = sum * t + FRONT_END_LOG_6;
    sum = sum * t + FRONT_END_LOG_5;
    sum = sum * t + FRONT_END_LOG_4;
    sum = sum * t + FRONT_END_LOG_3;
    sum = sum * t + FRONT_END_LOG_2;
    sum = sum * t + FRONT_END_LOG_1;
    sum = sum * t + FRONT_END_LOG_0;
    return exponent * OCTAVE + (int32_t)(sum * t * (float)OCTAVE);
}

static inline front_end_level_t level_of(float power, int32_t norm)
{
    int32_t level = log2_q24(power) + norm;
    level = level < FRONT_END_FLOOR ? FRONT_END_FLOOR : level;
#if FRONT_END_STORED_BITS == 24
    return level;
#else
    enum { UNUSED = 24 - FRONT_END_STORED_BITS };
    return (front_end_level_t)((level + (1 << (UNUSED - 1))) >> UNUSED);
#endif
}

front_end_level_t front_end_bands(const float *points, front_end_level_t *levels)
{
    const float *power = points + 2;
    const float *slope = front_end_slope + 1;
    float before = 0.0F;
    front_end_level_t top = 0;
    for (uint32_t run = 0; run <= FRONT_END_BANDS; run++) {
        const float *const end = points + 2 * front_end_ends[run];
        float rising = 0.0F;
        float falling = 0.0F;
        for (; power < end; power += 2) {
            const float part = *power * *slope++;
            rising += part;
            falling += *power - part;
        }
        if (run > 0) {
            const front_end_level_t level = level_of(before + falling, front_end_norm[run - 1]);
            top = run == 1 || level > top ? level : top;
            levels[run - 1] = level;
        }
        before = rising;
    }
    return top;
}
