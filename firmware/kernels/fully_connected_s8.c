/**
 * @file fully_connected_s8.c
 * @brief int8 fully connected layer.
 *
 * Layout: weights (output, input). The input's zero point is folded into the bias offline.
 *
 * Bounds: sum |weights| * 256 + |bias| < 2^31 per output, which the model reader checks.
 *
 * Cost: 3.7 instructions per multiply-accumulate for 512 x 128 weights, measured with GCC 12.2 -O2 -mcpu=cortex-m7 on
 * QEMU.
 */
#include "edgel3_kernels.h"

#include "requantize.h"

void edgel3_fully_connected_s8(const edgel3_fully_connected_params_t *params, const int8_t *input, int8_t *output)
{
    const int8_t *weights = params->weights;
    for (int32_t channel = 0; channel < params->output_size; channel++) {
        int32_t sum = params->bias[channel];
#pragma GCC unroll 8
        for (int32_t index = 0; index < params->input_size; index++) {
            sum += *weights++ * input[index];
        }
        const int32_t scaled = edgel3_requantize(sum, params->multiplier[channel], params->shift[channel]);
        output[channel] =
            edgel3_clamp_s8(scaled + params->output_zero_point, params->activation_min, params->activation_max);
    }
}
