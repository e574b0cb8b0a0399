/*
 * Exponential and reciprocal in 32-bit fixed point, step by step as gemmlowp's fixedpoint.h computes them.
 *
 * Bounds: head_exp takes -2^31 < value <= 0, head_reciprocal 0 <= value. Within them only the reciprocal's last shift can
 * saturate, for a value near 0: every other sum and shift stays inside of int32.
 */
#include "head/fixed_point.h"

/* exp(x) for x in [-1/4, 0), Q0 to Q0: a Taylor series around -1/8. */
static int32_t exp_of_quarter(int32_t value)
{
    const int32_t exp_of_eighth = 1895147668; /* exp(-1/8) */
    const int32_t third = 715827883;
    const int32_t x = value + (1 << 28);
    const int32_t x2 = head_multiply(x, x);
    const int32_t x3 = head_multiply(x2, x);
    const int32_t x4 = head_multiply(x2, x2);
    const int32_t cubic = head_multiply(head_divide(x4, 2) + x3, third);
    return exp_of_eighth + head_multiply(exp_of_eighth, x + head_divide(cubic + x2, 1));
}

int32_t head_exp(int32_t value, int32_t integer_bits)
{
    /* exp(-2^e) as Q0 for e = -2 .. 4: the bits of what is left of the exponent, quarter by quarter. */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t fraction_bits = 31 - integer_bits;
    const int32_t quarter = 1 << (fraction_bits - 2);
    if (value == 0) {
        return INT32_MAX;
    }
    const int32_t modulo = (value & (quarter - 1)) - quarter;
    const int32_t rest = modulo - value;
    int32_t result = exp_of_quarter(modulo * (1 << integer_bits));
    for (int32_t i = 0; i < integer_bits + 2; i++) {
        if ((rest & (quarter << i)) != 0) {
            result = head_multiply(result, factors[i]);
        }
    }
    return result;
}

int32_t head_reciprocal(int32_t value)
{
    /* Newton-Raphson for 1 / half, half = (1 + value) / 2 as Q0; x has two integer bits. */
    const int32_t one = 1 << 29;
    const int32_t half = (int32_t)(((uint32_t)value + 0x80000000U) >> 1);
    int32_t x = 1515870810 + head_multiply(half, -1010580540); /* 48/17 - 32/17 half */
    for (int32_t i = 0; i < 3; i++) {
        x += head_multiply(x, one - head_multiply(half, x)) * 4;
    }
    return x >= 1 << 30 ? INT32_MAX : x * 2;
}
