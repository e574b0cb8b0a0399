/*
 * 3x3 convolution of one input channel, stride 1, padding 1: one row into the lane layout.
 *
 * Weights, patches and bounds are those of conv_mono.c; patches come in the order of a row's bytes: lane 1 and lane 0
 * in turn. Positions behind the row's end take the patch of the end.
 */
#include "requantize_fast.h"
#include "sparse_tile.h"

enum { WORDS = 5, LARGEST_SHIFT = 12 };

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

uint32_t edgel3_conv_mono_lanes_scratch(int32_t width, int32_t stride)
{
    return (uint32_t)(stride * WORDS * 4 + (3 * (width + 4) + 7) / 8 * 8);
}

/* Positions -1 .. width + 1 of the three rows around `row`. */
EDGEL3_PLAIN_LOOPS
EDGEL3_HOT
static void gather_rows(const edgel3_conv_t *conv, const edgel3_map_t *input, bool columns, int32_t row,
                        int32_t first, int32_t width, int8_t *rows)
{
    const int32_t height = columns ? input->width : input->height;
    const int32_t length = columns ? input->height : input->width;
    for (int32_t y = row - 1; y <= row + 1; y++, rows += width + 4) {
        const int32_t end = y >= 0 && y < height ? length : 0, step = columns ? input->width : 1;
        const int32_t from = first > 1 ? first - 1 : 0, to = least(first + width + 2, end);
        const int8_t *pixel = columns || end == 0 ? input->data + y : edgel3_row(input, y);
        pixel += from * step;
        int32_t i = 0;
        for (; i < from + 1 - first; i++) {
            rows[i] = (int8_t)conv->input_zero_point;
        }
        for (; i < to + 1 - first; i++, pixel += step) {
            rows[i] = *pixel;
        }
        for (; i < width + 3; i++) {
            rows[i] = (int8_t)conv->input_zero_point;
        }
    }
}

/* The patches of `count` positions from `p` on, each second one of `patches`. */
EDGEL3_HOT static void gather_lane(const int8_t *rows, int32_t width, int32_t p, int32_t count, uint32_t *patches)
{
    const int32_t pitch = width + 4;
    const int8_t *a = rows + least(p, width), *b = a + pitch, *c = b + pitch;
    int32_t a0 = a[0], b0 = b[0], c0 = c[0], a1 = a[1], b1 = b[1], c1 = c[1];
    for (int32_t i = 0; i < count; i++, patches += 2 * WORDS) {
        const int32_t a2 = a[2], b2 = b[2], c2 = c[2], step = p + i < width ? 1 : 0;
        patches[0] = edgel3_pack(a0, a1);
        patches[1] = edgel3_pack(b0, b1);
        patches[2] = edgel3_pack(c0, c1);
        patches[3] = edgel3_pack(a2, b2);
        patches[4] = (uint32_t)c2 & 0xFFFFU;
        a0 = a1;
        b0 = b1;
        c0 = c1;
        a1 = a2;
        b1 = b2;
        c1 = c2;
        a += step;
        b += step;
        c += step;
    }
}

static void gather_patches(const edgel3_lanes_t *output, const int8_t *rows, uint32_t *patches)
{
    const int32_t distance = output->distance;
    for (int32_t group = 0; group < output->stride; group += 2 * distance) {
        const int32_t count = least(distance, (output->stride - group) / 2);
        gather_lane(rows, output->width, group + distance, count, patches + group * WORDS);
        gather_lane(rows, output->width, group, count, patches + (group + 1) * WORDS);
    }
}

EDGEL3_INLINE void run(const edgel3_conv_t *conv, const uint32_t *weights, const edgel3_channel_t *channel,
                       const uint32_t *patches, int8_t *output, int32_t stride, bool rectified)
{
    const uint32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3], w4 = weights[4];
    const edgel3_channel_t constants = *channel;
    for (int32_t i = 0; i < stride; i++, patches += WORDS) {
        uint32_t sum = edgel3_smlad(w0, patches[0], (uint32_t)constants.bias);
        sum = edgel3_smlad(w1, patches[1], sum);
        sum = edgel3_smlad(w2, patches[2], sum);
        sum = edgel3_smlad(w3, patches[3], sum);
        sum = edgel3_smlad(w4, patches[4], sum);
        const int8_t x = edgel3_requantize_twice((int32_t)sum, &constants, conv, rectified);
        output[i] = (int8_t)(i % 2 != 0 ? x ^ 0x80 : x);
    }
}

#if EDGEL3_DSP
void edgel3_mono_lanes_run(const uint32_t *patches, const uint32_t *weights, const edgel3_channel_t *channel,
                           int8_t *output, int32_t stride);
#else
static void edgel3_mono_lanes_run(const uint32_t *patches, const uint32_t *weights,
                                  const edgel3_channel_t *channel, int8_t *output, int32_t stride)
{
    run((const edgel3_conv_t *)0, weights, channel, patches, output, stride, true);
}
#endif

void edgel3_conv_mono_lanes(const edgel3_conv_t *conv, const edgel3_map_t *input, bool columns,
                            const edgel3_lanes_t *output, int32_t row, int32_t first_position, void *scratch)
{
    uint32_t *patches = scratch;
    int8_t *rows = (int8_t *)(patches + output->stride * WORDS);
    gather_rows(conv, input, columns, row, first_position, output->width, rows);
    gather_patches(output, rows, patches);
    const uint32_t *weights = conv->weights;
    int8_t *to = edgel3_newest_row(output, row);
    for (int32_t c = 0; c < output->channels; c++, weights += WORDS, to += output->stride) {
        if (conv->requantize == EDGEL3_REQUANTIZE_RECTIFIED && conv->channels[c].shift <= LARGEST_SHIFT) {
            edgel3_mono_lanes_run(patches, weights, conv->channels + c, to, output->stride);
        } else {
            run(conv, weights, conv->channels + c, patches, to, output->stride, false);
        }
    }
    edgel3_lanes_pad(output, row, conv->output_zero_point);
}
