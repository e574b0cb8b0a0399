/**
 * @file edgel3_sparse.h
 * @brief Sparse 3x3 convolutions, exact, row by row between rings in the lane layout.
 *
 * A row is a mel band of the map, or with `columns` a time step: then positions are mel bands, and the packer has
 * swapped the weights' two axes. A tile is 8 positions: two lanes of four words. For each tile the taps of all input
 * channels are expanded into the scratch, [ky 0..2][channel][6 words]; then every output channel runs its list of
 * non-zero weights over it, each of which meets 8 positions with four SMLALs.
 *
 * Lanes: a word is u | s << 24 with u = x + 128 (lane 0) and s = x (lane 1). Times w * 512, summed to 64 bits, with K
 * in front of lane 0: V = (sum(w * u) + K) << 9 + sum(w * s) << 33. With N the sum of the negated negative weights
 * and P that of the positive ones, sum(w * u) is in -255 N .. 255 P. K = 255 N keeps lane 0 in 0 .. 2^23 - 1, so that
 * the low word is lane 0 alone and the high word twice lane 1, if 255 * (P + N) < 2^23: the sum of |w| is at most
 * 32,896. Channels beyond are split into lists that each hold the bound.
 */
#ifndef EDGEL3_SPARSE_H
#define EDGEL3_SPARSE_H

#include "edgel3_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Rows in the lane layout: row y is at data + (y % ring) * channels * stride, channel c at c * stride in it.
 *
 * With `newest` a ring of two rows is enough: a row is made there, but for the first, and read from there as the last
 * of three. Then edgel3_lanes_keep moves it over the first of them, and `newest` is free for something else.
 *
 * Position p has supergroup g = p / (2 * distance), r = p % (2 * distance), j = r % distance and lane r >= distance;
 * its byte is g * 2 * distance + j * 2 + 1 - lane, x + 128 in lane 0, x in lane 1. Position
 * `width`, where it lies inside the stride, holds the zero point; what lies behind it is never used.
 */
typedef struct {
    int8_t *data; /**< 4-byte aligned */
    int32_t ring; /**< rows held in memory */
    int32_t height;
    int32_t width;
    int32_t channels;
    int32_t distance; /**< multiple of 4 */
    int32_t stride;   /**< bytes of a channel's row: 2 * (distance * supergroups + roundup4(min(distance, rest))) */
    int8_t *newest;   /**< one row, 4-byte aligned; NULL if rows are made in the ring */
} edgel3_lanes_t;

/** A non-zero weight: the first of the four words of the tile's scratch that it meets, and weight * 512. */
typedef struct {
    const void *words;
    int32_t weight;
} edgel3_tap_t;

/**
 * Constants of one list.
 *
 * `low`, `high` are the 64 bits that sums start from, `offset` what turns lane 0 into 2 * acc: (low word >> 8) +
 * offset; the high word is 2 * acc of lane 1. In a general list each of these records is followed by a second one:
 * `low`, `high`: what to add to the plain sums of the lanes for acc; `multiplier`; `shift`: TFLite's, negated;
 * `entry`: 1 if further lists of the same output channel follow, whose sums are added; `bytes`: 0.
 */
typedef struct {
    int32_t bytes;      /**< length of the list in the form in which it is run */
    int32_t entry;      /**< code bytes of the unrolled loop that its first turn skips */
    int32_t low;
    int32_t high;
    int32_t offset;
    int32_t multiplier;
    int32_t shift; /**< TFLite's, negated */
} edgel3_sparse_channel_t;

/**
 * How weights are kept. TAPS: edgel3_tap_t. BYTES: pairs {uint8_t delta, int8_t weight}, an even number in each list,
 * deltas in bytes (BYTES1, multiples of 4) or words (BYTES4) from the tap before, at first from the scratch; a weight
 * of 0 only moves on. GENERAL: with two records a list, for channels that are split or requantized in another way
 * than rectified with a shift of 1 to 12.
 */
typedef enum {
    EDGEL3_LIST_TAPS,
    EDGEL3_LIST_BYTES1,
    EDGEL3_LIST_BYTES4,
    EDGEL3_LIST_TAPS_GENERAL,
    EDGEL3_LIST_BYTES1_GENERAL,
    EDGEL3_LIST_BYTES4_GENERAL
} edgel3_list_form_t;

/** Lists of consecutive output channels. */
typedef struct {
    edgel3_list_form_t form;
    int32_t channels;    /**< records of edgel3_sparse_channel_t */
    const void *entries; /**< 8-byte aligned for taps, 4-byte aligned for bytes */
} edgel3_sparse_list_t;

/** What becomes of a row: as it is, the 2x2 maximum, or the maximum over the whole map. */
typedef enum { EDGEL3_SPARSE_ROWS, EDGEL3_SPARSE_POOLED, EDGEL3_SPARSE_GLOBAL } edgel3_sparse_output_t;

/** A sparse convolution: 3x3, stride 1, padding 1. */
typedef struct {
    const edgel3_sparse_channel_t *channels; /**< the records of all lists, in their order */
    const edgel3_sparse_list_t *lists;
    int32_t list_count;
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    edgel3_sparse_output_t output;
} edgel3_sparse_t;

/**
 * One row of the convolution.
 *
 * @param output with POOLED: row / 2 of it gets the 2x2 maximum; rows must come in order, an even one first
 * @param first, end tiles without any of the positions [first, end) are skipped
 * @param scratch the tile's scratch that the taps point into, 8-byte aligned
 */
EDGEL3_HOT
void edgel3_conv_sparse(const edgel3_sparse_t *conv, const edgel3_lanes_t *input, const edgel3_lanes_t *output,
                        int32_t row, int32_t first, int32_t end, void *scratch);

/** The same for GLOBAL: raises the running maxima, one accumulator an output channel, by positions [first, end). */
EDGEL3_HOT
void edgel3_conv_sparse_global(const edgel3_sparse_t *conv, const edgel3_lanes_t *input, int32_t *maxima,
                               int32_t row, int32_t first, int32_t end, void *scratch);

/** Before the first row. */
void edgel3_sparse_maxima_begin(int32_t *maxima, int32_t channels);

/** After the last row: requantizes. */
void edgel3_sparse_maxima_end(const edgel3_sparse_t *conv, const int32_t *maxima, int32_t channels, int8_t *output);

/** Bytes of the tile's scratch. */
uint32_t edgel3_conv_sparse_scratch(int32_t input_channels);

/**
 * 3x3, stride 1, padding 1, one input channel: row `row` into lanes.
 *
 * @param conv packed as for edgel3_conv_mono; with `columns` of weights whose two axes are swapped
 * @param input with `columns` a whole map, whose column r is row r of the engine
 * @param first_position position of the map that is position 0 of the lanes
 */
EDGEL3_HOT
void edgel3_conv_mono_lanes(const edgel3_conv_t *conv, const edgel3_map_t *input, bool columns,
                            const edgel3_lanes_t *output, int32_t row, int32_t first_position, void *scratch);

/** Bytes of scratch of edgel3_conv_mono_lanes: 20 a byte of the stride, and three rows. */
uint32_t edgel3_conv_mono_lanes_scratch(int32_t width, int32_t stride);

/** Row `row` of a map, from position `first_position` on, into lanes; position `width` gets `zero_point`'s place
 * from edgel3_lanes_pad. */
EDGEL3_HOT
void edgel3_lanes_from_map(const edgel3_map_t *map, bool columns, const edgel3_lanes_t *lanes, int32_t row,
                           int32_t first_position);

/** Position `width` of every channel of a row, where it lies inside the stride: the zero point. */
EDGEL3_HOT void edgel3_lanes_pad(const edgel3_lanes_t *lanes, int32_t row, int32_t zero_point);

/** Row `row` from `newest` into the ring, where there is one: the row before it has been computed from it. */
EDGEL3_HOT void edgel3_lanes_keep(const edgel3_lanes_t *lanes, int32_t row);

/** Row `row` of lanes into a map. */
EDGEL3_HOT void edgel3_map_from_lanes(const edgel3_lanes_t *lanes, int32_t row, bool columns, const edgel3_map_t *map);

/** Positions [first, end) of a channel of the row made last, as int8. */
void edgel3_lanes_read(const edgel3_lanes_t *lanes, int32_t row, int32_t channel, int32_t first, int32_t end,
                       int8_t *values);

/** Decode a list of bytes into taps on `tile_scratch`; `channels` are the records of the taps. */
void edgel3_sparse_unpack(const edgel3_sparse_channel_t *channels, const edgel3_sparse_list_t *packed,
                          const void *tile_scratch, edgel3_tap_t *taps);

#ifdef __cplusplus
}
#endif

#endif
