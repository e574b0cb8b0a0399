/*
 * The matrix products in portable C: what gemm_m7.S computes, for every other target.
 */
#include "gemm.h"

#include "simd.h"

#if !EDGEL3_DSP

void edgel3_gemm_s16(const uint32_t *weights, const uint32_t *v, uint32_t *sums, int32_t pairs,
                     int32_t positions, int32_t columns)
{
    for (int32_t position = 0; position < positions; position++, sums += 8) {
        for (int32_t column = 0; column < 8; column++) {
            sums[column] = 0;
        }
        for (int32_t pair = 0; pair < pairs; pair++, weights += 2, v += 4) {
            for (int32_t column = 0; column < columns; column++) {
                sums[column] = edgel3_smlad(weights[0], v[column], sums[column]);
                sums[4 + column] = edgel3_smlad(weights[1], v[column], sums[4 + column]);
            }
        }
    }
}

void edgel3_gemm_s8(const uint32_t *weights, const uint32_t *v, uint32_t *sums, int32_t pairs)
{
    for (int32_t column = 0; column < 8; column++) {
        sums[column] = 0;
    }
    for (int32_t pair = 0; pair < pairs; pair++, v += 4) {
        const uint32_t first = edgel3_sxtb16(weights[pair]), second = edgel3_sxtb16_odd(weights[pair]);
        for (int32_t column = 0; column < 4; column++) {
            sums[column] = edgel3_smlad(first, v[column], sums[column]);
            sums[4 + column] = edgel3_smlad(second, v[column], sums[4 + column]);
        }
    }
}

#endif
