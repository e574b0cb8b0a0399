/*
 * The power of the real samples' spectrum, from that of the samples taken two by two, in place: bins k and BINS - k come from
 * the two points that they replace. Bin 0 and the last one have no weight in any band and are left out.
 */
#include "front_end/frame.h"

void front_end_power(float *points)
{
    const float *factor = front_end_split + 2;
    float *low = points + 2;
    float *high = points + 2 * (FRONT_END_BINS - 1);
    for (; low < high; low += 2, high -= 2, factor += 2) {
        const float even_re = low[0] + high[0];
        const float even_im = low[1] - high[1];
        const float odd_re = low[0] - high[0];
        const float odd_im = low[1] + high[1];
        const float t = factor[0] * odd_im - factor[1] * odd_re;
        const float u = factor[0] * odd_re + factor[1] * odd_im;
        const float low_re = even_re + t;
        const float low_im = even_im - u;
        const float high_re = even_re - t;
        const float high_im = even_im + u;
        low[0] = low_re * low_re + low_im * low_im;
        high[0] = high_re * high_re + high_im * high_im;
    }
    const float re = low[0] + low[0];
    const float im = low[1] + low[1];
    low[0] = re * re + im * im;
}
