/**
 * @file requantize.h
 * @brief From int32 accumulators to int8 outputs, exactly as TFLite Micro rounds (twice).
 */
#ifndef EDGEL3_REQUANTIZE_H
#define EDGEL3_REQUANTIZE_H

#include <stdint.h>

/**
 * Multiply by multiplier * 2^(shift - 31): a rounded doubling high product, then a rounding right shift.
 *
 * The product takes halves upwards, the shift takes halves away from zero. A left shift wraps modulo 2^32.
 *
 * @param value      accumulator
 * @param multiplier 0 or in [2^30, 2^31)
 * @param shift      -31..30
 */
static inline int32_t edgel3_requantize(int32_t value, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)value << left);
    const int32_t high = (int32_t)(((int64_t)shifted * multiplier + (1 << 30)) >> 31);
    const int32_t mask = (int32_t)((1U << right) - 1U);
    const int32_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
    return (high >> right) + ((high & mask) > threshold ? 1 : 0);
}

/** `value` limited to [low, high], both within int8. */
static inline int8_t edgel3_clamp_s8(int32_t value, int32_t low, int32_t high)
{
    const int32_t raised = value < low ? low : value;
    return (int8_t)(raised > high ? high : raised);
}

#endif
