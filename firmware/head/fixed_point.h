/**
 * @file fixed_point.h
 * @brief gemmlowp's 32-bit fixed point, as TFLite Micro's LOGISTIC and SOFTMAX use it.
 *
 * Q0 is a number in [-1, 1) times 2^31; a number with i integer bits is times 2^(31 - i).
 */
#ifndef EDGEL3_HEAD_FIXED_POINT_H
#define EDGEL3_HEAD_FIXED_POINT_H

#include <stdint.h>

/** The product of a Q0 number with any other: rounded doubling high product, halves upwards. Not both -2^31. */
static inline int32_t head_multiply(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/** value / 2^exponent, exponent 0..31, halves away from zero. */
static inline int32_t head_divide(int32_t value, int32_t exponent)
{
    const int32_t mask = (int32_t)((1U << exponent) - 1U);
    const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + ((value & mask) > threshold ? 1 : 0);
}

/**
 * exp(value) as Q0.
 *
 * @param value        at most 0, with integer_bits integer bits
 * @param integer_bits 4 or 5
 */
int32_t head_exp(int32_t value, int32_t integer_bits);

/** 1 / (1 + value) as Q0, for a Q0 value of at least 0. */
int32_t head_reciprocal(int32_t value);

#endif
