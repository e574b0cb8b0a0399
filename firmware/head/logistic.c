/*
 * Logistic function of int8 values, as TFLite Micro's LOGISTIC: scale of the output 1/256, zero point -128.
 *
 * Layout: one value after the other; output may be the input's memory.
 *
 * Bounds: the constants are those of edgel3_deploy/head/arithmetic.py: shift in 0..31, and input << shift inside of int32
 * for whatever is nearer to the zero point than the radius.
 *
 * Cost: about 230 instructions a value, measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "head/fixed_point.h"
#include "head/head.h"

enum { INTEGER_BITS = 4, OUTPUT_BITS = 8 };

static int32_t logistic(int32_t value)
{
    if (value == 0) {
        return 1 << 30;
    }
    const int32_t positive = head_reciprocal(head_exp(value < 0 ? value : -value, INTEGER_BITS));
    return value > 0 ? positive : INT32_MAX - positive;
}

void head_logistic(const head_logistic_t *constants, const int8_t *input, int8_t *output, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int32_t centred = input[i] - constants->zero_point;
        if (centred <= -constants->radius) {
            output[i] = INT8_MIN;
        } else if (centred >= constants->radius) {
            output[i] = INT8_MAX;
        } else {
            const int32_t shifted = (int32_t)((uint32_t)centred << constants->shift);
            const int32_t value = logistic(head_multiply(shifted, constants->multiplier));
            const int32_t rounded = head_divide(value, 31 - OUTPUT_BITS) + INT8_MIN;
            output[i] = (int8_t)(rounded > INT8_MAX ? INT8_MAX : rounded);
        }
    }
}
