/*
 * F(4x4,3x3), input transform: B^T d B of a 6x6 patch, four channels at a time.
 *
 * Two channels share a word. Instead of SIMD additions, which the M7 issues one a cycle and which cannot
 * shift, a word is one integer high * 65536 + low and ordinary additions with shifted operands work on it;
 * that is exact for both lanes as long as the final low lane is in 0..65535, for then nothing was borrowed
 * from the high one. So inputs are taken as u = x + 128 in 0..255 and the low lane gets an offset: adding
 * 12,750 to the low lane of the four pixels (4,4), (4,5), (5,4), (5,5) adds 12,750 to all 36 low results (the
 * columns 4 and 5 of B^T are (1,1,1,1,1,0) and (0,0,0,0,0,1)), and makes them 0..30,090. The high lanes are
 * -12,750..17,340. Both offsets are constants of the output, which the packer takes back: 128 * sum(w) in the
 * bias, the offset in `corrections` of the four outputs that see those pixels.
 *
 * Layout: rows of int8 pixels to v[position][pair][4], one column of it.
 *
 * Bounds: all inputs; both lanes fit int16.
 */
#include "winograd.h"

enum { LANE_OFFSET = 12750 };

#define LINE(d0, d1, d2, d3, d4, d5, v0, v1, v2, v3, v4, v5)                                                 \
    do {                                                                                                     \
        const uint32_t a_ = (d4) - ((d2) << 2), b_ = (d3) - ((d1) << 2);                                     \
        const uint32_t c_ = (d4) - (d2), e_ = (d3) - (d1);                                                   \
        (v0) = c_ + (((d0) - (d2)) << 2);                                                                    \
        (v1) = a_ + b_;                                                                                      \
        (v2) = a_ - b_;                                                                                      \
        (v3) = c_ + (e_ << 1);                                                                               \
        (v4) = c_ - (e_ << 1);                                                                               \
        (v5) = ((d5) - (d3)) - (e_ << 2);                                                                    \
    } while (0)

#if !EDGEL3_DSP

void edgel3_f44_input(const int8_t *const rows[EDGEL3_PATCH_MAX], int32_t channels, int32_t pairs,
                      uint32_t *v)
{
    const int32_t stride = 4 * pairs;
    for (int32_t channel = 0; channel < channels; channel += 4, v += 8) {
        uint32_t lines[2][36];
        for (int32_t i = 0; i < 6; i++) {
            uint32_t even[6], odd[6];
            for (int32_t j = 0; j < 6; j++) {
                const uint32_t pixel = edgel3_load32(rows[i] + j * channels + channel) ^ 0x80808080u;
                const uint32_t offset = i >= 4 && j >= 4 ? LANE_OFFSET : 0u;
                even[j] = (pixel & 0x00FF00FFu) + offset;
                odd[j] = ((pixel >> 8) & 0x00FF00FFu) + offset;
            }
            uint32_t *line = lines[0] + 6 * i;
            LINE(even[0], even[1], even[2], even[3], even[4], even[5], line[0], line[1], line[2], line[3],
                 line[4], line[5]);
            line = lines[1] + 6 * i;
            LINE(odd[0], odd[1], odd[2], odd[3], odd[4], odd[5], line[0], line[1], line[2], line[3], line[4],
                 line[5]);
        }
        for (int32_t half = 0; half < 2; half++) {
            for (int32_t j = 0; j < 6; j++) {
                const uint32_t *d = lines[half] + j;
                uint32_t *to = v + 4 * half + j * stride;
                LINE(d[0], d[6], d[12], d[18], d[24], d[30], to[0], to[6 * stride], to[12 * stride],
                     to[18 * stride], to[24 * stride], to[30 * stride]);
            }
        }
    }
}

#endif
