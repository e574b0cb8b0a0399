/*
 * The matrix products at the heart of the convolutions: 2 output channels x 4 columns (tiles or pixels),
 * int32 sums.
 *
 * A column's channels are packed in pairs of int16 in the order SXTB16 yields from four bytes: words (c0,
 * c2), (c1, c3). `pairs` is the number of words, a multiple of 8; columns are interleaved:
 * v[position][pair][4]. Sums are modulo 2^32. The assembly reads up to 8 bytes behind the end of either
 * operand (it loads ahead), and uses none of them.
 */
#ifndef EDGEL3_GEMM_H
#define EDGEL3_GEMM_H

#include <stdint.h>

#include "edgel3_attributes.h"

enum { EDGEL3_PAIR_STEP = 8 };

/* Words of packed pairs of `channels` channels, rounded up to what the products take. */
static inline int32_t edgel3_pairs(int32_t channels)
{
    return (channels + 15) / 16 * EDGEL3_PAIR_STEP;
}

/* int16 weights w[position][pair][2]; sums[position][8]: channel 0's four columns, then channel 1's. Only the
 * first `columns`, 1..4, are computed. */
EDGEL3_HOT
void edgel3_gemm_s16(const uint32_t *weights, const uint32_t *v, uint32_t *sums, int32_t pairs,
                     int32_t positions, int32_t columns);

/* int8 weights w[pair], one word for both channels: bytes (0, c0), (1, c0), (0, c2), (1, c2), and so on;
 * sums[8]. */
EDGEL3_HOT void edgel3_gemm_s8(const uint32_t *weights, const uint32_t *v, uint32_t *sums, int32_t pairs);

#endif
