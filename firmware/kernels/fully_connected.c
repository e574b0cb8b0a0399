/*
 * Fully connected layer, four outputs at a time: SXTB16 splits weights and inputs alike, SMLAD multiplies.
 *
 * Weights are plain int8 rows padded to four features (zeros); the input is expanded once to int16 pairs in
 * scratch.
 *
 * Bounds: none of its own: sums are modulo 2^32 as TFLite's 32-bit accumulators are.
 *
 * Cost: 1.9 instructions per MAC, the inner loop of GCC 12.2 -O2 -mcpu=cortex-m7.
 */
#include "requantize_fast.h"

uint32_t edgel3_fully_connected_scratch(int32_t features)
{
    return (uint32_t)((features + 3) / 4) * 8u;
}

static void expand(const int8_t *input, int32_t features, uint32_t *pairs)
{
    int32_t f = 0;
    for (; f + 4 <= features; f += 4, pairs += 2) {
        const uint32_t word = edgel3_load32(input + f);
        pairs[0] = edgel3_sxtb16(word);
        pairs[1] = edgel3_sxtb16_odd(word);
    }
    if (f < features) {
        uint32_t word = 0;
        for (int32_t rest = 0; f + rest < features; rest++) {
            word |= (uint32_t)(uint8_t)input[f + rest] << (8 * rest);
        }
        pairs[0] = edgel3_sxtb16(word);
        pairs[1] = edgel3_sxtb16_odd(word);
    }
}

void edgel3_fully_connected(const edgel3_conv_t *layer, const int8_t *input, int32_t features, int8_t *output,
                            int32_t outputs, void *scratch)
{
    const int32_t words = (features + 3) / 4;
    uint32_t *pairs = scratch;
    expand(input, features, pairs);
    for (int32_t o = 0; o < outputs; o += 4) {
        const int32_t count = outputs - o < 4 ? outputs - o : 4;
        const uint32_t *weights[4];
        uint32_t sums[4];
        for (int32_t i = 0; i < 4; i++) {
            const int32_t row = i < count ? o + i : o;
            weights[i] = (const uint32_t *)layer->weights + row * words;
            sums[i] = (uint32_t)layer->channels[row].bias;
        }
        for (int32_t w = 0; w < words; w++) {
            const uint32_t even = pairs[2 * w], odd = pairs[2 * w + 1];
#pragma GCC unroll 4
            for (int32_t i = 0; i < 4; i++) {
                const uint32_t word = weights[i][w];
                sums[i] = edgel3_smlad(edgel3_sxtb16(word), even, sums[i]);
                sums[i] = edgel3_smlad(edgel3_sxtb16_odd(word), odd, sums[i]);
            }
        }
        for (int32_t i = 0; i < count; i++) {
            const edgel3_channel_t *channel = layer->channels + o + i;
            output[o + i] = edgel3_requantize_once((int32_t)sums[i], channel, layer,
                                                   layer->requantize == EDGEL3_REQUANTIZE_RECTIFIED);
        }
    }
}
