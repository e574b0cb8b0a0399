/*
 * Winograd F(4x4,3x3): 36 multiplications for 16 outputs instead of 144, in exact integers modulo 2^32.
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
