/*
 * Levels, relative to the window's greatest, to int8: the range is clipped, and one affine map is decibels, the network's
 * normalization and its quantization together.
 */
#include "front_end/frame.h"

static inline int8_t saturate(int32_t value)
{
#if defined(__ARM_FEATURE_SAT) && !defined(FRONT_END_PORTABLE)
    int32_t result;
    __asm__("ssat %0, #8, %1, asr %2" : "=r"(result) : "r"(value), "I"(FRONT_END_SHIFT));
    return (int8_t)result;
#else
    value >>= FRONT_END_SHIFT;
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
#endif
}

void front_end_quantize(const front_end_level_t *levels, front_end_level_t top, int8_t *column)
{
    for (uint32_t band = 0; band < FRONT_END_BANDS; band++) {
        int32_t below = ((int32_t)levels[band] - (int32_t)top) * (1 << (24 - FRONT_END_STORED_BITS));
        below = below < FRONT_END_LOWEST ? FRONT_END_LOWEST : below;
        column[band * FRONT_END_FRAMES] =
            saturate((int32_t)((int64_t)below * FRONT_END_SLOPE >> 32) + FRONT_END_OFFSET);
    }
}
