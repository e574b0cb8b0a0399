/*
 * Softmax of int8 values, as TFLite Micro's SOFTMAX with beta 1: scale of the output 1/256, zero point -128.
 *
 * Layout: one value after the other; output may be the input's memory. The exponentials are computed twice, which needs
 * no scratch.
 *
 * Bounds: 1 to HEAD_MOST_LABELS values. The constants are those of edgel3_deploy/head/arithmetic.py: differences down to
 * diff_min stay inside of int32 when shifted.
 *
 * Cost: about 330 instructions a value, measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "head/fixed_point.h"
#include "head/head.h"

enum { INTEGER_BITS = 5, SUM_INTEGER_BITS = 12, OUTPUT_BITS = 8 };

_Static_assert(HEAD_MOST_LABELS <= 1 << OUTPUT_BITS, "the last shift is at most 31, and the sum inside of int32");

/* exp(value - largest) as Q0, 0 where TFLite leaves it out. */
static int32_t exponential(const head_softmax_t *constants, int32_t difference)
{
    if (difference < constants->diff_min) {
        return 0;
    }
    const int32_t shifted = (int32_t)((uint32_t)difference << constants->shift);
    return head_exp(head_multiply(shifted, constants->multiplier), INTEGER_BITS);
}

void head_softmax(const head_softmax_t *constants, const int8_t *input, int8_t *output, int32_t count)
{
    int32_t largest = input[0];
    for (int32_t i = 1; i < count; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += head_divide(exponential(constants, input[i] - largest), SUM_INTEGER_BITS);
    }
    /* sum = (1 + over_one) * 2^(12 - headroom): the largest exponential is 1, so it is at least 1. */
    const int32_t headroom = __builtin_clz((uint32_t)sum);
    const int32_t over_one = (int32_t)(((uint32_t)sum << headroom) & INT32_MAX);
    const int32_t scale = head_reciprocal(over_one);
    const int32_t exponent = SUM_INTEGER_BITS - headroom + 31 - OUTPUT_BITS;
    for (int32_t i = 0; i < count; i++) {
        const int32_t value = head_multiply(scale, exponential(constants, input[i] - largest));
        const int32_t rounded = head_divide(value, exponent) + INT8_MIN;
        output[i] = (int8_t)(rounded > INT8_MAX ? INT8_MAX : rounded);
    }
}
