/*
 * Winograd F(2x2,3x3): 16 multiplications for 4 outputs instead of 36, in exact integers modulo 2^32.
 *
 * Input rows (per axis) d0 - d2, d1 + d2, d2 - d1, d1 - d3: within +-512, two channels a word by SIMD.
 * Weight rows (1,0,0) (1,1,1) (1,-1,1) (0,0,1): within 9 * 128.
 * Output rows, doubled per axis: 2 m0 + m1 + m2 and m1 - m2 - 2 m3.
 * Both axes give 4 * acc, exact for -2^29 <= acc < 2^29. The bias enters once, 4 * bias on position (1, 1).
 *
 * Bounds: -2^29 <= acc < 2^29 for every output channel, which edgel3_deploy/plan/bounds.py checks.
 *
 * Cost: 0.41 to 0.54 instructions per MAC on the layers of sea-64 with weights stored transformed (3.56
 * times the flash), 0.49 to 0.86 with int8 weights; measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "requantize_fast.h"
#include "winograd.h"

#define INPUT_LINE(d0, d1, d2, d3, v0, v1, v2, v3)                                                           \
    do {                                                                                                     \
        (v0) = edgel3_ssub16((d0), (d2));                                                                    \
        (v1) = edgel3_sadd16((d1), (d2));                                                                    \
        (v2) = edgel3_ssub16((d2), (d1));                                                                    \
        (v3) = edgel3_ssub16((d1), (d3));                                                                    \
    } while (0)

#define WEIGHT_LINE(a, b, c, u0, u1, u2, u3)                                                                 \
    do {                                                                                                     \
        const uint32_t sum_ = edgel3_sadd16((a), (c));                                                       \
        (u0) = (a);                                                                                          \
        (u1) = edgel3_sadd16(sum_, (b));                                                                     \
        (u2) = edgel3_ssub16(sum_, (b));                                                                     \
        (u3) = (c);                                                                                          \
    } while (0)

EDGEL3_INLINE void input_half(const uint32_t words[16], int32_t stride, bool odd, uint32_t *v)
{
    uint32_t lines[16];
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++) {
        uint32_t d[4];
#pragma GCC unroll 4
        for (int32_t j = 0; j < 4; j++) {
            d[j] = odd ? edgel3_sxtb16_odd(words[4 * i + j]) : edgel3_sxtb16(words[4 * i + j]);
        }
        uint32_t *line = lines + 4 * i;
        INPUT_LINE(d[0], d[1], d[2], d[3], line[0], line[1], line[2], line[3]);
    }
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; j++, v += stride) {
        const uint32_t *d = lines + j;
        INPUT_LINE(d[0], d[4], d[8], d[12], v[0], v[4 * stride], v[8 * stride], v[12 * stride]);
    }
}

EDGEL3_HOT
static void input_transform(const int8_t *const rows[EDGEL3_PATCH_MAX], int32_t channels, int32_t pairs,
                            uint32_t *v)
{
    const int32_t stride = 4 * pairs;
    for (int32_t channel = 0; channel < channels; channel += 4, v += 8) {
        uint32_t words[16];
#pragma GCC unroll 4
        for (int32_t i = 0; i < 4; i++) {
            const int8_t *pixel = rows[i] + channel;
#pragma GCC unroll 4
            for (int32_t j = 0; j < 4; j++, pixel += channels) {
                words[4 * i + j] = edgel3_load32(pixel);
            }
        }
        input_half(words, stride, false, v);
        input_half(words, stride, true, v + 4);
    }
}

EDGEL3_INLINE void weight_half(const uint32_t words[9], int32_t stride, bool odd, uint32_t *w)
{
    uint32_t lines[12];
#pragma GCC unroll 3
    for (int32_t j = 0; j < 3; j++) {
        uint32_t g[3];
#pragma GCC unroll 3
        for (int32_t i = 0; i < 3; i++) {
            g[i] = odd ? edgel3_sxtb16_odd(words[3 * i + j]) : edgel3_sxtb16(words[3 * i + j]);
        }
        WEIGHT_LINE(g[0], g[1], g[2], lines[j], lines[3 + j], lines[6 + j], lines[9 + j]);
    }
#pragma GCC unroll 4
    for (int32_t i = 0; i < 4; i++, w += 4 * stride) {
        const uint32_t *g = lines + 3 * i;
        WEIGHT_LINE(g[0], g[1], g[2], w[0], w[stride], w[2 * stride], w[3 * stride]);
    }
}

EDGEL3_HOT static void weight_transform(const uint32_t *packed, int32_t pairs, uint32_t *w)
{
    const int32_t stride = 2 * pairs;
    for (int32_t pair = 0; pair < pairs; pair++, packed += 9, w += 2) {
        weight_half(packed, stride, false, w);
        weight_half(packed, stride, true, w + 1);
    }
}

/* 2 * acc of the four outputs of a tile. */
EDGEL3_INLINE void sums_to_twice(const uint32_t *sums, uint32_t bias, int32_t twice[4])
{
    uint32_t upper[4], lower[4];
#pragma GCC unroll 4
    for (int32_t j = 0; j < 4; j++) {
        const uint32_t m0 = sums[8 * j], m1 = sums[8 * (4 + j)] + (j == 1 ? bias : 0u);
        const uint32_t m2 = sums[8 * (8 + j)], m3 = sums[8 * (12 + j)];
        upper[j] = (m0 << 1) + m1 + m2;
        lower[j] = m1 - m2 - (m3 << 1);
    }
    twice[0] = (int32_t)((upper[0] << 1) + upper[1] + upper[2]) >> 1;
    twice[1] = (int32_t)(upper[1] - upper[2] - (upper[3] << 1)) >> 1;
    twice[2] = (int32_t)((lower[0] << 1) + lower[1] + lower[2]) >> 1;
    twice[3] = (int32_t)(lower[1] - lower[2] - (lower[3] << 1)) >> 1;
}

EDGEL3_INLINE int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

EDGEL3_INLINE void tile_outputs(const edgel3_outputs_t *outputs, const edgel3_conv_t *conv, bool rectified,
                                bool pooled)
{
    const edgel3_channel_t *channel = outputs->channel;
    const edgel3_tile_t *tile = outputs->tiles;
    for (int32_t t = 0; t < outputs->count; t++, tile++) {
        int32_t twice[4];
        sums_to_twice(outputs->sums + t, (uint32_t)channel->bias, twice);
        int8_t *upper = tile->output + outputs->offset, *lower = upper + tile->row_stride;
        const int32_t right = tile->pixel_stride;
        if (pooled) {
            const int32_t most = larger(larger(twice[0], twice[1]), larger(twice[2], twice[3]));
            upper[0] = edgel3_requantize_twice(most, channel, conv, rectified);
        } else {
            upper[0] = edgel3_requantize_twice(twice[0], channel, conv, rectified);
            upper[right] = edgel3_requantize_twice(twice[1], channel, conv, rectified);
            lower[0] = edgel3_requantize_twice(twice[2], channel, conv, rectified);
            lower[right] = edgel3_requantize_twice(twice[3], channel, conv, rectified);
        }
    }
}

EDGEL3_HOT static void output_transform(const edgel3_conv_t *conv, const edgel3_outputs_t *outputs)
{
    if (conv->requantize != EDGEL3_REQUANTIZE_RECTIFIED) {
        tile_outputs(outputs, conv, false, conv->pooled);
    } else if (conv->pooled) {
        tile_outputs(outputs, conv, true, true);
    } else {
        tile_outputs(outputs, conv, true, false);
    }
}

static const edgel3_winograd_t f22 = {.tile = 2,
                                      .positions = 16,
                                      .input = input_transform,
                                      .weights = weight_transform,
                                      .output = output_transform};

void edgel3_conv_f22(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                     int32_t first, int32_t last, void *scratch, int32_t blocks)
{
    edgel3_winograd(&f22, conv, input, output, first, last, scratch, blocks);
}

uint32_t edgel3_conv_f22_scratch(int32_t input_channels, int32_t blocks, bool stored)
{
    return edgel3_winograd_scratch(&f22, input_channels, blocks, stored);
}

uint32_t edgel3_conv_f22_products(int32_t input_channels, bool stored)
{
    return edgel3_winograd_products(&f22, input_channels, stored);
}

void edgel3_conv_f22_start(const edgel3_conv_t *conv, int32_t input_channels, void *resident)
{
    edgel3_winograd_start(&f22, conv, input_channels, resident);
}

uint32_t edgel3_conv_f22_resident(int32_t input_channels, int32_t resident_channels)
{
    return edgel3_winograd_resident(&f22, input_channels, resident_channels);
}
