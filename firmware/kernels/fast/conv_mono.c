/*
 * 3x3 convolution of one input channel, stride 1.
 *
 * A row of outputs first gets its patches as five words each: the taps (0,1) (3,4) (6,7) (2,5) (8,-) of the 3x3 window, two
 * int16 a word, so that five SMLADs make an output. Weights are doubled (they fit int16), so the sums are twice the
 * accumulators; a channel's five words stay in registers along the row. Padding is the zero point.
 */
#include "requantize_fast.h"

enum { WORDS = 5 };

uint32_t edgel3_conv_mono_scratch(int32_t width)
{
    return (uint32_t)width * WORDS * 4u;
}

EDGEL3_INLINE int32_t pixel(const int8_t *row, int32_t x, int32_t width, int32_t fill)
{
    return row != (const int8_t *)0 && x >= 0 && x < width ? row[x] : fill;
}

static void gather(const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y, int32_t width, uint32_t *patches)
{
    const int32_t fill = conv->input_zero_point, across = input->width;
    const int8_t *rows[3];
    int32_t left[3], middle[3];
    for (int32_t i = 0; i < 3; i++) {
        const int32_t row = y - conv->padding_top + i;
        rows[i] = row >= 0 && row < input->height ? edgel3_row(input, row) : (const int8_t *)0;
        left[i] = pixel(rows[i], -conv->padding_left, across, fill);
        middle[i] = pixel(rows[i], 1 - conv->padding_left, across, fill);
    }
    for (int32_t x = 0; x < width; x++, patches += WORDS) {
        int32_t right[3];
        for (int32_t i = 0; i < 3; i++) {
            right[i] = pixel(rows[i], x + 2 - conv->padding_left, across, fill);
            patches[i] = edgel3_pack(left[i], middle[i]);
            left[i] = middle[i];
            middle[i] = right[i];
        }
        patches[3] = edgel3_pack(right[0], right[1]);
        patches[4] = edgel3_pack(right[2], 0);
    }
}

EDGEL3_INLINE void channel_row(const edgel3_conv_t *conv, const uint32_t *weights, const edgel3_channel_t *channel,
                               const uint32_t *patches, int8_t *output, int32_t width, int32_t stride, bool rectified)
{
    const uint32_t w0 = weights[0], w1 = weights[1], w2 = weights[2], w3 = weights[3], w4 = weights[4];
    const edgel3_channel_t constants = *channel;
    for (int32_t x = 0; x < width; x++, patches += WORDS, output += stride) {
        uint32_t sum = edgel3_smlad(w0, patches[0], (uint32_t)constants.bias);
        sum = edgel3_smlad(w1, patches[1], sum);
        sum = edgel3_smlad(w2, patches[2], sum);
        sum = edgel3_smlad(w3, patches[3], sum);
        sum = edgel3_smlad(w4, patches[4], sum);
        *output = edgel3_requantize_twice((int32_t)sum, &constants, conv, rectified);
    }
}

#if EDGEL3_DSP
void edgel3_mono_row(const uint32_t *patches, const uint32_t *weights, const edgel3_channel_t *channel, int8_t *output,
                     int32_t width, int32_t stride);
#else
static void edgel3_mono_row(const uint32_t *patches, const uint32_t *weights, const edgel3_channel_t *channel,
                            int8_t *output, int32_t width, int32_t stride)
{
    channel_row((const edgel3_conv_t *)0, weights, channel, patches, output, width, stride, true);
}
#endif

void edgel3_conv_mono(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output, int32_t first,
                      int32_t last, void *scratch)
{
    const int32_t width = output->width, channels = output->channels;
    uint32_t *patches = scratch;
    for (int32_t y = first; y < last; y++) {
        gather(conv, input, y, width, patches);
        const uint32_t *weights = conv->weights;
        int8_t *row = edgel3_row(output, y);
        for (int32_t c = 0; c < channels; c++, weights += WORDS) {
            if (conv->requantize == EDGEL3_REQUANTIZE_RECTIFIED) {
                edgel3_mono_row(patches, weights, conv->channels + c, row + c, width, channels);
            } else {
                channel_row(conv, weights, conv->channels + c, patches, row + c, width, channels, false);
            }
        }
    }
}
