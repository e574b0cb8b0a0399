/*
 * Convolution of any kernel size and stride by direct products: four output pixels at a time.
 *
 * The patches of four pixels are gathered as int16 pairs, v[tap][channel pair][4], and multiplied with int8
 * weights for two output channels at a time. Channels of a tap are padded to four, the whole patch to a
 * multiple of eight pairs; weights are zero there, so what the padding holds does not matter. Pixels outside
 * the map are the zero point.
 *
 * Bounds: none of its own: sums are modulo 2^32 as TFLite's 32-bit accumulators are.
 *
 * Cost: 0.90 to 1.07 instructions per MAC on the layers of sea-64, patches and requantization included, of
 * which the products take 0.84; measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "gemm.h"
#include "requantize_fast.h"

static int32_t patch_pairs(int32_t taps, int32_t channels)
{
    const int32_t pairs = taps * ((channels + 3) / 4) * 2;
    return (pairs + EDGEL3_PAIR_STEP - 1) / EDGEL3_PAIR_STEP * EDGEL3_PAIR_STEP;
}

uint32_t edgel3_conv_direct_scratch(int32_t kernel_height, int32_t kernel_width, int32_t input_channels)
{
    return (uint32_t)patch_pairs(kernel_height * kernel_width, input_channels) * 16u + 8u;
}

/* One tap of one pixel to its column of v; `pixel` is NULL outside the map. Returns the next tap. */
EDGEL3_INLINE uint32_t *gather_tap(const int8_t *pixel, uint32_t fill, int32_t channels, uint32_t *v)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4, v += 8) {
        const uint32_t word = pixel ? edgel3_load32(pixel + c) : fill;
        v[0] = edgel3_sxtb16(word);
        v[4] = edgel3_sxtb16_odd(word);
    }
    if (c < channels) {
        uint32_t word = fill;
        for (int32_t rest = 0; pixel && rest < channels - c; rest++) {
            word = (word & ~(0xFFu << (8 * rest))) | ((uint32_t)(uint8_t)pixel[c + rest] << (8 * rest));
        }
        v[0] = edgel3_sxtb16(word);
        v[4] = edgel3_sxtb16_odd(word);
        v += 8;
    }
    return v;
}

static void gather_pixel(const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y, int32_t x,
                         uint32_t *v)
{
    const int32_t channels = input->channels;
    const int32_t top = y * conv->stride_height - conv->padding_top,
                  left = x * conv->stride_width - conv->padding_left;
    const uint32_t fill = (uint8_t)conv->input_zero_point * 0x01010101u;
    for (int32_t row = top; row < top + conv->kernel_height; row++) {
        const int8_t *pixels = row >= 0 && row < input->height ? edgel3_row(input, row) : (const int8_t *)0;
        for (int32_t column = left; column < left + conv->kernel_width; column++) {
            const bool inside = pixels && column >= 0 && column < input->width;
            v = gather_tap(inside ? pixels + column * channels : (const int8_t *)0, fill, channels, v);
        }
    }
}

EDGEL3_INLINE void store(const edgel3_conv_t *conv, const uint32_t *sums, int32_t channel,
                         int8_t *const pixels[4], int32_t count, bool rectified)
{
    const edgel3_channel_t *constants = conv->channels + channel;
    for (int32_t t = 0; t < count; t++) {
        const int32_t acc = (int32_t)(sums[t] + (uint32_t)constants->bias);
        pixels[t][channel] = edgel3_requantize_once(acc, constants, conv, rectified);
    }
}

static void four_pixels(const edgel3_conv_t *conv, const uint32_t *v, int32_t pairs, int8_t *const pixels[4],
                        int32_t count, int32_t channels)
{
    const uint32_t *weights = conv->weights;
    for (int32_t channel = 0; channel < channels; channel += 2, weights += pairs) {
        uint32_t sums[8];
        edgel3_gemm_s8(weights, v, sums, pairs);
        const int32_t end = channels - channel < 2 ? channel + 1 : channel + 2;
        for (int32_t c = channel; c < end; c++) {
            if (conv->requantize == EDGEL3_REQUANTIZE_RECTIFIED) {
                store(conv, sums + 4 * (c - channel), c, pixels, count, true);
            } else {
                store(conv, sums + 4 * (c - channel), c, pixels, count, false);
            }
        }
    }
}

void edgel3_conv_direct(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                        int32_t first, int32_t last, void *scratch)
{
    const int32_t pairs = patch_pairs(conv->kernel_height * conv->kernel_width, input->channels);
    uint32_t *v = scratch;
    int32_t y = first, x = 0;
    while (y < last) {
        int8_t *pixels[4];
        int32_t count = 0;
        for (; count < 4 && y < last; count++) {
            pixels[count] = edgel3_row(output, y) + x * output->channels;
            gather_pixel(conv, input, y, x, v + count);
            if (++x == output->width) {
                x = 0;
                y++;
            }
        }
        four_pixels(conv, v, pairs, pixels, count, output->channels);
    }
}
