/*
 * Requantization of int32 accumulators, exactly as TFLite Micro: SaturatingRoundingDoublingHighMul, then
 * RoundingDivideByPOT, the output zero point and the activation clamp.
 *
 * With twice = 2 * acc, SMMULR(twice, multiplier) is the doubling high multiplication with its rounding. The
 * division by 2^e rounds half away from zero: t + (t >> 31) + 2^(e-1), shifted. The zero point enters before
 * the shift as zp << e. A rectified layer (zero point -128, clamp -128..127) needs no (t >> 31): it only
 * changes negative t, which end at -128.
 */
#ifndef EDGEL3_REQUANTIZE_FAST_H
#define EDGEL3_REQUANTIZE_FAST_H

#include "edgel3_kernels.h"
#include "simd.h"

EDGEL3_INLINE int8_t edgel3_requantize_rectified(int32_t twice, const edgel3_channel_t *channel)
{
    return (int8_t)edgel3_ssat8(edgel3_smmlar(twice, channel->multiplier, channel->rounding) >>
                                channel->shift);
}

EDGEL3_INLINE int32_t edgel3_clamp(int32_t value, const edgel3_conv_t *conv)
{
    const int32_t raised = value < conv->activation_min ? conv->activation_min : value;
    return raised > conv->activation_max ? conv->activation_max : raised;
}

EDGEL3_INLINE int8_t edgel3_requantize_rounded(int32_t twice, const edgel3_channel_t *channel,
                                               const edgel3_conv_t *conv)
{
    int32_t t = edgel3_smmlar(twice, channel->multiplier, 0);
    t += (t >> 31) + channel->rounding;
    return (int8_t)edgel3_clamp(t >> channel->shift, conv);
}

/* Any multiplier and shift; `acc` is the accumulator itself. */
EDGEL3_HOT int8_t edgel3_requantize_general(int32_t acc, const edgel3_channel_t *channel, const edgel3_conv_t *conv);

/* For kernels that hold 2 * acc. `rectified` is constant where this is inlined. */
EDGEL3_INLINE int8_t edgel3_requantize_twice(int32_t twice, const edgel3_channel_t *channel,
                                             const edgel3_conv_t *conv, bool rectified)
{
    if (rectified) {
        return edgel3_requantize_rectified(twice, channel);
    }
    if (conv->requantize != EDGEL3_REQUANTIZE_GENERAL) {
        return edgel3_requantize_rounded(twice, channel, conv);
    }
    return edgel3_requantize_general(twice >> 1, channel, conv);
}

/* For kernels that hold acc, which in the general form may use all of int32. */
EDGEL3_INLINE int8_t edgel3_requantize_once(int32_t acc, const edgel3_channel_t *channel,
                                            const edgel3_conv_t *conv, bool rectified)
{
    const int32_t twice = (int32_t)((uint32_t)acc << 1);
    if (rectified) {
        return edgel3_requantize_rectified(twice, channel);
    }
    if (conv->requantize != EDGEL3_REQUANTIZE_GENERAL) {
        return edgel3_requantize_rounded(twice, channel, conv);
    }
    return edgel3_requantize_general(acc, channel, conv);
}

#endif
