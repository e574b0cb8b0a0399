/**
 * @file frame.h
 * @brief The stages of one frame, in order. `points` is FRONT_END_LENGTH floats.
 */
#ifndef FRONT_END_FRAME_H
#define FRONT_END_FRAME_H

#include "front_end/front_end.h"

/*
 * One order of operations with every compiler and flag: no product is fused into a sum. GCC's vectorizer fuses where it finds
 * complex numbers, though it is told not to.
 */
#if defined(__clang__)
#if defined(__FAST_MATH__)
#error "-ffast-math lets clang reorder the front end's sums: compile it without"
#endif
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-fast-math", "no-tree-vectorize")
#endif

/** FFT of FRONT_END_BINS complex points, each two neighbouring samples times half the Hann window, in natural order. */
void front_end_spectrum(const int16_t *pcm, float *points);

/** In place: the power in bin k of the real samples' spectrum at points[2 k], for k from 1 to FRONT_END_BINS - 1. */
void front_end_power(float *points);

/** Levels of all bands from the power at points[2 k]; returns the greatest. */
front_end_level_t front_end_bands(const float *points, front_end_level_t *levels);

/** Levels of a frame, one for each band, relative to the window's greatest, to a column of the input. */
void front_end_quantize(const front_end_level_t *levels, front_end_level_t top, int8_t *column);

#endif
