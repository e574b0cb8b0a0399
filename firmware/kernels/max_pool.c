/*
 * Maximum pooling of int8 maps, four channels at a time (SSUB8 and SEL).
 *
 * Layout: maps of rows (width, channels), which may be rings but for the global maximum of a whole map. 2x2
 * windows leave out the last row or column of an odd map. Channels beyond a multiple of four go one by one.
 *
 * Bounds: none: maxima of any int8.
 *
 * Cost: 1.0 to 1.1 instructions per input element for 2x2 windows, 2 for the whole map; measured with GCC
 * 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "edgel3_kernels.h"
#include "simd.h"

static int8_t larger(int8_t a, int8_t b)
{
    return a > b ? a : b;
}

/* Outputs never overtake the inputs they are made of, so that the rows may be the same memory. */
void edgel3_max_pool_2x2(const edgel3_map_t *input, const edgel3_map_t *output, int32_t first, int32_t last)
{
    const int32_t channels = input->channels;
    for (int32_t y = first; y < last; y++) {
        const int8_t *upper = edgel3_row(input, 2 * y), *lower = edgel3_row(input, 2 * y + 1);
        int8_t *to = edgel3_row(output, y);
        for (int32_t x = 0; x < output->width; x++) {
            int32_t c = 0;
            for (; c + 4 <= channels; c += 4) {
                const uint32_t left = edgel3_max8(edgel3_load32(upper + c), edgel3_load32(lower + c));
                const uint32_t right =
                    edgel3_max8(edgel3_load32(upper + channels + c), edgel3_load32(lower + channels + c));
                edgel3_store32(to + c, edgel3_max8(left, right));
            }
            for (; c < channels; c++) {
                to[c] = larger(larger(upper[c], lower[c]), larger(upper[channels + c], lower[channels + c]));
            }
            upper += 2 * channels;
            lower += 2 * channels;
            to += channels;
        }
    }
}

/* Maxima of positions that lie behind each other; those already in `output` take part if it was `begun`. */
EDGEL3_HOT static void maxima(const int8_t *pixels, int32_t positions, int32_t channels, bool begun, int8_t *output)
{
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
        const int8_t *pixel = pixels + c;
        uint32_t most = edgel3_load32(begun ? output + c : pixel);
        for (int32_t position = 0; position < positions; position++) {
            most = edgel3_max8(most, edgel3_load32(pixel));
            pixel += channels;
        }
        edgel3_store32(output + c, most);
    }
    for (; c < channels; c++) {
        int8_t most = begun ? output[c] : pixels[c];
        for (int32_t position = 0; position < positions; position++) {
            most = larger(most, pixels[position * channels + c]);
        }
        output[c] = most;
    }
}

void edgel3_max_pool_global(const edgel3_map_t *input, int8_t *output)
{
    maxima(input->data, input->height * input->width, input->channels, false, output);
}

void edgel3_max_pool_global_rows(const edgel3_map_t *input, int8_t *output, int32_t first, int32_t last)
{
    for (int32_t y = first; y < last; y++) {
        maxima(edgel3_row(input, y), input->width, input->channels, y > 0, output);
    }
}
