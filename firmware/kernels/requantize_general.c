/*
 * The general requantization: any multiplier and shift of TFLite, for layers that the fast forms do not cover
 * exactly.
 *
 * Bounds: multiplier 0 or in [2^30, 2^31), shift in -31..30, any accumulator.
 */
#include "requantize.h"

#include "requantize_fast.h"

int8_t edgel3_requantize_general(int32_t acc, const edgel3_channel_t *channel, const edgel3_conv_t *conv)
{
    const uint32_t scaled = (uint32_t)edgel3_requantize(acc, channel->multiplier, channel->shift);
    return (int8_t)edgel3_clamp((int32_t)(scaled + (uint32_t)conv->output_zero_point), conv);
}
