/*
 * F(4x4,3x3), weight transform on the fly: G g G^T with integer rows (1,0,0) (1,1,1) (1,-1,1) (1,2,4)
 * (1,-2,4) (0,0,1).
 *
 * One pair of output channels at a time, packed[pair][9] words of int8 (channel 0, channel 1, channel 0,
 * channel 1) to w[36][pair][2]. Results are within 49 * 127 = 6,223 (49 * 128 = 6,272 if -128 occurs): int16
 * lanes never wrap.
 */
#include "winograd.h"

#define LINE(a, b, c, u0, u1, u2, u3, u4, u5)                                                                \
    do {                                                                                                     \
        const uint32_t near_ = edgel3_sadd16((a), (c)), b2_ = edgel3_sadd16((b), (b));                       \
        const uint32_t c2_ = edgel3_sadd16((c), (c));                                                        \
        const uint32_t far_ = edgel3_sadd16((a), edgel3_sadd16(c2_, c2_));                                   \
        (u0) = (a);                                                                                          \
        (u1) = edgel3_sadd16(near_, (b));                                                                    \
        (u2) = edgel3_ssub16(near_, (b));                                                                    \
        (u3) = edgel3_sadd16(far_, b2_);                                                                     \
        (u4) = edgel3_ssub16(far_, b2_);                                                                     \
        (u5) = (c);                                                                                          \
    } while (0)

#if !EDGEL3_DSP

void edgel3_f44_weights(const uint32_t *packed, int32_t pairs, uint32_t *w)
{
    const int32_t stride = 2 * pairs;
    for (int32_t pair = 0; pair < pairs; pair++, packed += 9, w += 2) {
        for (int32_t channel = 0; channel < 2; channel++) {
            uint32_t lines[18];
            for (int32_t j = 0; j < 3; j++) {
                uint32_t g[3];
                for (int32_t i = 0; i < 3; i++) {
                    g[i] = channel ? edgel3_sxtb16_odd(packed[3 * i + j]) : edgel3_sxtb16(packed[3 * i + j]);
                }
                uint32_t *u = lines + j;
                LINE(g[0], g[1], g[2], u[0], u[3], u[6], u[9], u[12], u[15]);
            }
            for (int32_t i = 0; i < 6; i++) {
                const uint32_t *g = lines + 3 * i;
                uint32_t *to = w + channel + 6 * i * stride;
                LINE(g[0], g[1], g[2], to[0], to[stride], to[2 * stride], to[3 * stride], to[4 * stride],
                     to[5 * stride]);
            }
        }
    }
}

#endif
