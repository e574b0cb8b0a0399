/**
 * @file conv2d_s8.c
 * @brief int8 two-dimensional convolution of any kernel size, stride and channel count.
 *
 * Layout: input and output (height, width, channels), weights (output channel, kernel row, kernel column, input
 * channel).
 * The receptive fields of two output pixels are copied to scratch, padding as the input's zero point, so that both the
 * field and a channel's weights are contiguous; then two output channels at a time are accumulated for both pixels.
 * The zero point is folded into the bias offline, so the inner loop multiplies raw int8 values.
 *
 * Bounds: sum |weights| * 256 + |bias| < 2^31 per output channel, which the model reader checks.
 *
 * Cost: 2.23 to 2.37 instructions per multiply-accumulate for 3x3 kernels on 32 to 128 channels (7.6 on one),
 * measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU; 4 loads and 4 MLA per 4 products set the floor of 2.
 */
#include "edgel3_kernels.h"

#include <string.h>

#include "requantize.h"

enum { PIXELS = 2 };

/** Accumulators of two output channels (rows) for two pixels (columns). */
typedef struct {
    int32_t sum[2][PIXELS];
} block_t;

static int32_t patch_size(const edgel3_conv2d_params_t *params)
{
    return params->kernel_height * params->kernel_width * params->input_channels;
}

uint32_t edgel3_conv2d_s8_scratch_size(const edgel3_conv2d_params_t *params)
{
    return (uint32_t)(PIXELS * patch_size(params));
}

static int32_t clamp_s32(int32_t value, int32_t low, int32_t high)
{
    const int32_t raised = value < low ? low : value;
    return raised > high ? high : raised;
}

/** Copy one output pixel's receptive field to `patch`, (kernel row, kernel column, channel). */
static void gather(const edgel3_conv2d_params_t *params, const int8_t *input, int32_t pixel, int8_t *patch)
{
    const int32_t channels = params->input_channels;
    const int32_t top = pixel / params->output_width * params->stride_height - params->padding_top;
    const int32_t left = pixel % params->output_width * params->stride_width - params->padding_left;
    const int32_t first = clamp_s32(-left, 0, params->kernel_width);
    const int32_t last = clamp_s32(params->input_width - left, first, params->kernel_width);
    const size_t before = (size_t)(first * channels);
    const size_t inside = (size_t)((last - first) * channels);
    const size_t behind = (size_t)((params->kernel_width - last) * channels);

    for (int32_t row = top; row < top + params->kernel_height; row++) {
        if (row < 0 || row >= params->input_height) {
            memset(patch, params->input_zero_point, before + inside + behind);
        } else {
            memset(patch, params->input_zero_point, before);
            memcpy(patch + before, input + (row * params->input_width + left + first) * channels, inside);
            memset(patch + before + inside, params->input_zero_point, behind);
        }
        patch += before + inside + behind;
    }
}

/** Dot products of two weight rows with two patches of `size` bytes. */
static inline block_t multiply(const int8_t *weights_0, const int8_t *weights_1, const int8_t *patch_0,
                               const int8_t *patch_1, int32_t size)
{
    int32_t sum_00 = 0;
    int32_t sum_01 = 0;
    int32_t sum_10 = 0;
    int32_t sum_11 = 0;
    const int8_t *const end = patch_0 + size;
#pragma GCC unroll 8
    while (patch_0 != end) {
        const int32_t w0 = *weights_0++;
        const int32_t w1 = *weights_1++;
        const int32_t x0 = *patch_0++;
        const int32_t x1 = *patch_1++;
        sum_00 += w0 * x0;
        sum_01 += w0 * x1;
        sum_10 += w1 * x0;
        sum_11 += w1 * x1;
    }
    return (block_t){{{sum_00, sum_01}, {sum_10, sum_11}}};
}

/** Requantize one channel's accumulators of both pixels. */
static inline void finish(const edgel3_conv2d_params_t *params, int32_t channel, const int32_t *sums, int8_t *output_0,
                          int8_t *output_1)
{
    const int32_t bias = params->bias[channel];
    const int32_t multiplier = params->multiplier[channel];
    const int32_t shift = params->shift[channel];
    const int32_t offset = params->output_zero_point;
    const int32_t low = params->activation_min;
    const int32_t high = params->activation_max;
    output_0[channel] = edgel3_clamp_s8(edgel3_requantize(sums[0] + bias, multiplier, shift) + offset, low, high);
    output_1[channel] = edgel3_clamp_s8(edgel3_requantize(sums[1] + bias, multiplier, shift) + offset, low, high);
}

void edgel3_conv2d_s8(const edgel3_conv2d_params_t *params, const int8_t *input, int8_t *output, int8_t *scratch)
{
    const int32_t size = patch_size(params);
    const int32_t channels = params->output_channels;
    const int32_t pixels = params->output_height * params->output_width;
    int8_t *const patch_0 = scratch;
    int8_t *const patch_1 = scratch + size;

    for (int32_t pixel = 0; pixel < pixels; pixel += PIXELS) {
        /* A last pixel or channel without a partner is computed twice: the partner's results are not stored. */
        const int32_t partner = pixel + 1 < pixels ? 1 : 0;
        gather(params, input, pixel, patch_0);
        gather(params, input, pixel + partner, patch_1);
        int8_t *const output_0 = output + pixel * channels;
        int8_t *const output_1 = output_0 + partner * channels;
        for (int32_t channel = 0; channel < channels; channel += 2) {
            const int32_t next = channel + 1 < channels ? channel + 1 : channel;
            const block_t block =
                multiply(params->weights + channel * size, params->weights + next * size, patch_0, patch_1, size);
            finish(params, channel, block.sum[0], output_0, output_1);
            finish(params, next, block.sum[1], output_0, output_1);
        }
    }
}
