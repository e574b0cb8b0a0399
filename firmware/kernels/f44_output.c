/*
 * F(4x4,3x3), output transform, requantization and, when pooled, the 2x2 maximum.
 *
 * Along one axis, with s = m1 + m2, d = m1 - m2, S = m3 + m4, D = m3 - m4:
 *   24 y0 = 6 m0 - 4 s + S,  12 y1 = D - 2 d,  6 y2 = S - s,  6 y3 = 2 (D + 3 m5) - d,
 * so output (r, c) of the tile comes as 576 acc / 2^(k_r + k_c) with k = (0, 1, 2, 2), modulo 2^32. Times the
 * inverse of 9 it is 64 acc / 2^(k_r + k_c), and 5 - k_r - k_c arithmetic shifts to the right leave 2 * acc:
 * exact for -2^25 <= acc < 2^25. The bias enters once, as 36 * bias on position (1, 1), whose contribution is
 * the same to all outputs. The maximum of four accumulators is taken before requantization, which is
 * monotonic: a quarter of the work.
 *
 * Layout: sums[position][8], four columns a channel, to int8 pixels by the strides of each tile.
 */
#include <stddef.h>

#include "requantize_fast.h"
#include "winograd.h"

#define INVERSE_OF_9 0x38E38E39u

#define LINE(m0, m1, m2, m3, m4, m5, y0, y1, y2, y3)                                                         \
    do {                                                                                                     \
        const uint32_t s_ = (m1) + (m2), d_ = (m1) - (m2), t_ = (m3) + (m4), e_ = (m3) - (m4);               \
        (y0) = t_ + (((m0) + ((m0) << 1)) << 1) - (s_ << 2);                                                 \
        (y1) = e_ - (d_ << 1);                                                                               \
        (y2) = t_ - s_;                                                                                      \
        (y3) = ((e_ + ((m5) + ((m5) << 1))) << 1) - d_;                                                      \
    } while (0)

/* 2 * acc of the four outputs of row `row`. */
EDGEL3_INLINE void output_row(const uint32_t *z, int32_t row, const int32_t *corrections, int32_t *twice)
{
    static const int8_t scale[4] = {0, 1, 2, 2};
    uint32_t y[4];
    LINE(z[0], z[1], z[2], z[3], z[4], z[5], y[0], y[1], y[2], y[3]);
    if (row >= 2) {
        y[2] -= (uint32_t)corrections[2 * (row - 2)];
        y[3] -= (uint32_t)corrections[2 * (row - 2) + 1];
    }
    for (int32_t c = 0; c < 4; c++) {
        twice[c] = (int32_t)(y[c] * INVERSE_OF_9) >> (5 - scale[row] - scale[c]);
    }
}

EDGEL3_INLINE int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

EDGEL3_INLINE void tile_output(const edgel3_outputs_t *outputs, int32_t t, const edgel3_conv_t *conv,
                               bool rectified, bool pooled)
{
    const int32_t step = pooled ? 2 : 1, columns = pooled ? 2 : 4;
    const edgel3_channel_t *channel = outputs->channel;
    const edgel3_tile_t *tile = outputs->tiles + t;
    const uint32_t bias = (uint32_t)channel->bias;
    uint32_t z[24];
    for (int32_t j = 0; j < 6; j++) {
        const uint32_t *m = outputs->sums + t + 8 * j;
        const uint32_t m1 = j == 1 ? m[48] + bias : m[48];
        LINE(m[0], m1, m[96], m[144], m[192], m[240], z[j], z[6 + j], z[12 + j], z[18 + j]);
    }
    int8_t *pixels = tile->output + outputs->offset;
    for (int32_t row = 0; row < 4; row += step, pixels += tile->row_stride) {
        int32_t twice[4];
        output_row(z + 6 * row, row, outputs->corrections, twice);
        if (pooled) {
            int32_t below[4];
            output_row(z + 6 * row + 6, row + 1, outputs->corrections, below);
            twice[0] = larger(larger(twice[0], twice[1]), larger(below[0], below[1]));
            twice[1] = larger(larger(twice[2], twice[3]), larger(below[2], below[3]));
        }
        for (int32_t column = 0; column < columns; column++) {
            pixels[column * tile->pixel_stride] =
                edgel3_requantize_twice(twice[column], channel, conv, rectified);
        }
    }
}

EDGEL3_INLINE void tile_outputs(const edgel3_outputs_t *outputs, const edgel3_conv_t *conv, bool rectified,
                                bool pooled)
{
    for (int32_t t = 0; t < outputs->count; t++) {
        tile_output(outputs, t, conv, rectified, pooled);
    }
}

#if EDGEL3_DSP
void edgel3_f44_rectified(const edgel3_outputs_t *outputs);
void edgel3_f44_rectified_pooled(const edgel3_outputs_t *outputs);
#else
static void edgel3_f44_rectified(const edgel3_outputs_t *outputs)
{
    tile_outputs(outputs, NULL, true, false);
}

static void edgel3_f44_rectified_pooled(const edgel3_outputs_t *outputs)
{
    tile_outputs(outputs, NULL, true, true);
}
#endif

void edgel3_f44_output(const edgel3_conv_t *conv, const edgel3_outputs_t *outputs)
{
    if (conv->requantize != EDGEL3_REQUANTIZE_RECTIFIED) {
        tile_outputs(outputs, conv, false, conv->pooled);
    } else if (conv->pooled) {
        edgel3_f44_rectified_pooled(outputs);
    } else {
        edgel3_f44_rectified(outputs);
    }
}
