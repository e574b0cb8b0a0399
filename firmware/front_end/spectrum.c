/*
 * The FFT of a frame: decimation in time, radix 8 x 8 x 8 for 512 points and 8 x 8 x 4 x 4 for 1,024.
 *
 * The first pass reads the samples, converts them, multiplies by the window and writes where the digit-reversed order wants
 * them, so nothing is reordered; the passes that follow work in place. Samples stand two by two as complex points.
 * Twiddle factors are stored as cosine and sine, for each place but the first of a butterfly: points times cosine - i sine.
 *
 * Measured on QEMU's mps2-an500 (GCC 12.2, -O3): see docs/front-end.md.
 */
#include "front_end/frame.h"

typedef struct {
    float re;
    float im;
} point_t;

#define ROOT_HALF 0.70710678118654752F

static inline point_t add(point_t a, point_t b)
{
    return (point_t){a.re + b.re, a.im + b.im};
}

static inline point_t subtract(point_t a, point_t b)
{
    return (point_t){a.re - b.re, a.im - b.im};
}

/* Times -i. */
static inline point_t turn(point_t a)
{
    return (point_t){a.im, -a.re};
}

/* Times (1 - i) / sqrt(2). */
static inline point_t turn_half(point_t a)
{
    return (point_t){(a.re + a.im) * ROOT_HALF, (a.im - a.re) * ROOT_HALF};
}

/* A sum of four terms for each k, to y[k * step]. */
static inline void dft4(point_t x0, point_t x1, point_t x2, point_t x3, point_t *y, uint32_t step)
{
    const point_t a = add(x0, x2);
    const point_t b = subtract(x0, x2);
    const point_t c = add(x1, x3);
    const point_t d = turn(subtract(x1, x3));
    y[0] = add(a, c);
    y[step] = add(b, d);
    y[2 * step] = subtract(a, c);
    y[3 * step] = subtract(b, d);
}

static inline void dft8(const point_t x[8], point_t *y, uint32_t step)
{
    dft4(add(x[0], x[4]), add(x[1], x[5]), add(x[2], x[6]), add(x[3], x[7]), y, 2 * step);
    const point_t a = subtract(x[0], x[4]);
    const point_t b = turn_half(subtract(x[1], x[5]));
    const point_t c = turn(subtract(x[2], x[6]));
    const point_t d = turn(turn_half(subtract(x[3], x[7])));
    dft4(a, b, c, d, y + step, 2 * step);
}

static inline point_t twiddle(const float *factor, point_t a)
{
    return (point_t){a.re * factor[0] + a.im * factor[1], a.im * factor[0] - a.re * factor[1]};
}

/* A point of two samples; the window's second half is its first one backwards: `behind` is as far behind the middle. */
static inline point_t rise(const int16_t *pcm, const float *window)
{
    return (point_t){(float)pcm[0] * window[0], (float)pcm[1] * window[1]};
}

static inline point_t fall(const int16_t *pcm, const float *window)
{
    return (point_t){(float)pcm[0] * window[0], (float)pcm[1] * window[-1]};
}

/* The first pass' butterfly over points first, first + BINS / 8, ..., to eight neighbours. */
static inline void butterfly_of_samples(const int16_t *pcm, uint32_t first, point_t *y)
{
    enum { STEP = FRONT_END_LENGTH / 8 };
    const int16_t *const at = pcm + 2 * first;
    const float *const up = front_end_half_window + 2 * first;
    const float *const down = front_end_half_window + FRONT_END_BINS - 2 * first;
    const point_t x[8] = {
        rise(at, up),
        rise(at + STEP, up + STEP),
        rise(at + 2 * STEP, up + 2 * STEP),
        rise(at + 3 * STEP, up + 3 * STEP),
        fall(at + 4 * STEP, down),
        fall(at + 5 * STEP, down - STEP),
        fall(at + 6 * STEP, down - 2 * STEP),
        fall(at + 7 * STEP, down - 3 * STEP),
    };
    dft8(x, y, 1);
}

/* In place, points `step` apart; `factors` holds seven. */
static inline void butterfly8(point_t *y, const float *factors, uint32_t step)
{
    const point_t x[8] = {
        y[0],
        twiddle(factors, y[step]),
        twiddle(factors + 2, y[2 * step]),
        twiddle(factors + 4, y[3 * step]),
        twiddle(factors + 6, y[4 * step]),
        twiddle(factors + 8, y[5 * step]),
        twiddle(factors + 10, y[6 * step]),
        twiddle(factors + 12, y[7 * step]),
    };
    dft8(x, y, step);
}

#if FRONT_END_LENGTH == 1024

static void first_pass(const int16_t *pcm, point_t *points)
{
    for (uint32_t high = 0; high < 8; high++) {
        for (uint32_t low = 0; low < 8; low++) {
            butterfly_of_samples(pcm, high + 8 * low, points + 64 * high + 8 * low);
        }
    }
}

static void last_passes(point_t *points)
{
    for (uint32_t k = 0; k < 64; k++) {
        butterfly8(points + k, front_end_twiddles_2 + 14 * k, 64);
    }
}

#else

static void first_pass(const int16_t *pcm, point_t *points)
{
    for (uint32_t high = 0; high < 4; high++) {
        for (uint32_t middle = 0; middle < 4; middle++) {
            for (uint32_t low = 0; low < 8; low++) {
                const uint32_t place = 256 * high + 64 * middle + 8 * low;
                butterfly_of_samples(pcm, high + 4 * middle + 16 * low, points + place);
            }
        }
    }
}

/* In place, points `step` apart; `factors` holds three. */
static inline void butterfly4(point_t *y, const float *factors, uint32_t step)
{
    const point_t x1 = twiddle(factors, y[step]);
    const point_t x2 = twiddle(factors + 2, y[2 * step]);
    const point_t x3 = twiddle(factors + 4, y[3 * step]);
    dft4(y[0], x1, x2, x3, y, step);
}

static void last_passes(point_t *points)
{
    for (uint32_t k = 0; k < 64; k++) {
        for (uint32_t block = 0; block < 4; block++) {
            butterfly4(points + 256 * block + k, front_end_twiddles_2 + 6 * k, 64);
        }
    }
    for (uint32_t k = 0; k < 256; k++) {
        butterfly4(points + k, front_end_twiddles_3 + 6 * k, 256);
    }
}

#endif

void front_end_spectrum(const int16_t *pcm, float *points)
{
    /* A structure of two floats has no padding: the array of both kinds is one. */
    point_t *const y = (point_t *)(void *)points;
    first_pass(pcm, y);
    for (uint32_t k = 0; k < 8; k++) {
        for (uint32_t block = 0; block < FRONT_END_BINS / 64; block++) {
            butterfly8(y + 64 * block + k, front_end_twiddles_1 + 14 * k, 8);
        }
    }
    last_passes(y);
}
