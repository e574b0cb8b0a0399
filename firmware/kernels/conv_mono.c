/*
 * 3x3 convolution of one input channel, stride 1.
 *
 * Two rows of outputs first get their patches as five words each: the taps (0,1) (3,4) (6,7) (2,5) (8,-) of
 * the 3x3 window, two int16 a word, so that five SMLADs make an output. Weights are doubled (they fit int16),
 * so the sums are twice the accumulators; a channel's five words stay in registers along the rows. Padding is
 * the zero point.
 *
 * Bounds: -2^30 <= acc < 2^30 for every output channel: 2 * acc is read as signed.
 *
 * Cost: 1.9 instructions per MAC for 32 rectified output channels, patches included; measured with GCC 12.2
 * -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "requantize_fast.h"

enum { WORDS = 5 };

uint32_t edgel3_conv_mono_scratch(int32_t width)
{
    return 2u * (uint32_t)width * WORDS * 4u;
}

/* The patches of output row y. Rows outside the map read one fill byte again and again. */
static void gather(const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y, int32_t width,
                   uint32_t *patches)
{
    const int8_t fill = (int8_t)conv->input_zero_point;
    const int8_t *right[3];
    int32_t step[3], first[3], second[3];
#pragma GCC unroll 3
    for (int32_t i = 0; i < 3; i++) {
        const int32_t row = y - conv->padding_top + i;
        const bool inside = row >= 0 && row < input->height;
        const int8_t *pixels = inside ? edgel3_row(input, row) : &fill;
        step[i] = inside ? 1 : 0;
        first[i] = conv->padding_left ? fill : *pixels;
        pixels += conv->padding_left ? 0 : step[i];
        second[i] = *pixels;
        right[i] = pixels + step[i];
    }
    const int32_t inside = input->width - 2 + conv->padding_left;
    for (int32_t x = 0; x < width; x++, patches += WORDS) {
        if (x == inside) { /* the right column is padding from here on */
            right[0] = right[1] = right[2] = &fill;
            step[0] = step[1] = step[2] = 0;
        }
        const int32_t third[3] = {*right[0], *right[1], *right[2]};
#pragma GCC unroll 3
        for (int32_t i = 0; i < 3; i++) {
            patches[i] = edgel3_pack(first[i], second[i]);
            right[i] += step[i];
            first[i] = second[i];
            second[i] = third[i];
        }
        patches[3] = edgel3_pack(third[0], third[1]);
        patches[4] = (uint32_t)third[2] & 0xFFFFu;
    }
}

EDGEL3_INLINE void channel_run(const edgel3_conv_t *conv, const uint32_t *weights,
                               const edgel3_channel_t *channel, const uint32_t *patches, int8_t *output,
                               int32_t count, int32_t stride, bool rectified)
{
    const uint32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3], w4 = weights[4];
    const edgel3_channel_t constants = *channel;
    for (int32_t x = 0; x < count; x++, patches += WORDS, output += stride) {
        uint32_t sum = edgel3_smlad(w0, patches[0], (uint32_t)constants.bias);
        sum = edgel3_smlad(w1, patches[1], sum);
        sum = edgel3_smlad(w2, patches[2], sum);
        sum = edgel3_smlad(w3, patches[3], sum);
        sum = edgel3_smlad(w4, patches[4], sum);
        *output = edgel3_requantize_twice((int32_t)sum, &constants, conv, rectified);
    }
}

#if EDGEL3_DSP
void edgel3_mono_run(const uint32_t *patches, const uint32_t *weights, const edgel3_channel_t *channel,
                     int8_t *output, int32_t count, int32_t stride);
#else
static void edgel3_mono_run(const uint32_t *patches, const uint32_t *weights, const edgel3_channel_t *channel,
                            int8_t *output, int32_t count, int32_t stride)
{
    channel_run((const edgel3_conv_t *)0, weights, channel, patches, output, count, stride, true);
}
#endif

void edgel3_conv_mono(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                      int32_t first, int32_t last, void *scratch)
{
    const int32_t width = output->width, channels = output->channels;
    uint32_t *patches = scratch;
    int32_t rows = 1;
    for (int32_t y = first; y < last; y += rows) {
        /* Two rows that lie behind each other in memory are one run. */
        rows = y + 1 < last && (y + 1) % output->ring != 0 ? 2 : 1;
        for (int32_t i = 0; i < rows; i++) {
            gather(conv, input, y + i, width, patches + i * width * WORDS);
        }
        const uint32_t *weights = conv->weights;
        int8_t *pixels = edgel3_row(output, y);
        for (int32_t c = 0; c < channels; c++, weights += WORDS) {
            if (conv->requantize == EDGEL3_REQUANTIZE_RECTIFIED) {
                edgel3_mono_run(patches, weights, conv->channels + c, pixels + c, rows * width, channels);
            } else {
                channel_run(conv, weights, conv->channels + c, patches, pixels + c, rows * width, channels,
                            false);
            }
        }
    }
}
