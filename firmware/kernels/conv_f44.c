/*
 * Winograd F(4x4,3x3): 36 multiplications for 16 outputs instead of 144, in exact integers modulo 2^32.
 *
 * Layout: maps of rows (width, channels); weights and scratch as winograd.h has them. Stages: f44_input,
 * f44_weights, gemm and f44_output.
 *
 * Bounds: -2^25 <= acc < 2^25 for every output channel, which edgel3_deploy/plan/bounds.py checks;
 * docs/fast-convolutions.md derives it.
 *
 * Cost: 0.24 to 0.37 instructions per MAC on the layers of sea-64 with weights stored transformed (8 times
 * the flash), 0.27 to 0.53 with int8 weights; measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "winograd.h"

static const edgel3_winograd_t f44 = {.tile = 4,
                                      .positions = 36,
                                      .input = edgel3_f44_input,
                                      .weights = edgel3_f44_weights,
                                      .output = edgel3_f44_output};

void edgel3_conv_f44(const edgel3_conv_t *conv, const edgel3_map_t *input, const edgel3_map_t *output,
                     int32_t first, int32_t last, void *scratch, int32_t blocks)
{
    edgel3_winograd(&f44, conv, input, output, first, last, scratch, blocks);
}

uint32_t edgel3_conv_f44_scratch(int32_t input_channels, int32_t blocks, bool stored)
{
    return edgel3_winograd_scratch(&f44, input_channels, blocks, stored);
}

uint32_t edgel3_conv_f44_products(int32_t input_channels, bool stored)
{
    return edgel3_winograd_products(&f44, input_channels, stored);
}

void edgel3_conv_f44_start(const edgel3_conv_t *conv, int32_t input_channels, void *resident)
{
    edgel3_winograd_start(&f44, conv, input_channels, resident);
}

uint32_t edgel3_conv_f44_resident(int32_t input_channels, int32_t resident_channels)
{
    return edgel3_winograd_resident(&f44, input_channels, resident_channels);
}
