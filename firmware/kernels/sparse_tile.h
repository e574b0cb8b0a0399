/*
 * What the files of the sparse convolution share: the place of a position, and the kernels of a tile.
 */
#ifndef EDGEL3_KERNELS_SPARSE_H
#define EDGEL3_KERNELS_SPARSE_H

#include "edgel3_sparse.h"
#include "simd.h"

enum { EDGEL3_TILE_WORDS = 6, EDGEL3_TILE_BYTES = 8, EDGEL3_TILE_SIDE = 4 };

/* What becomes of the sums of a tile; the order is that of the tables in sparse_run_m7.S. */
typedef enum { EDGEL3_FINISH_ROWS, EDGEL3_FINISH_FIRST, EDGEL3_FINISH_SECOND, EDGEL3_FINISH_GLOBAL, EDGEL3_FINISH_RAW } edgel3_finish_t;

/* Byte of position p in a channel's row; what to XOR it with for int8 is edgel3_lane_flip. */
EDGEL3_INLINE int32_t edgel3_lane_byte(int32_t distance, int32_t p)
{
    const int32_t r = p % (2 * distance);
    const int32_t j = r % distance;
    return p - r + j * 2 + (r >= distance ? 0 : 1);
}

EDGEL3_INLINE int32_t edgel3_lane_flip(int32_t distance, int32_t p)
{
    return p % (2 * distance) < distance ? 0x80 : 0;
}

/* Where a row lies in the ring. */
EDGEL3_HOT int8_t *edgel3_lane_row(const edgel3_lanes_t *lanes, int32_t row);

/* Where a row is made, and lies until edgel3_lanes_keep. */
EDGEL3_HOT int8_t *edgel3_newest_row(const edgel3_lanes_t *lanes, int32_t row);

/*
 * Run the lists of records [first, end) over the tile in `scratch`; returns the end of the entries. Each record's
 * result goes to `output`, which then moves on by `step` bytes: ROWS 8 bytes of lanes, FIRST and SECOND 4 of pooled
 * lanes, GLOBAL an int32 maximum, RAW eight words, low and high of each of the tile's four.
 */
typedef const void *edgel3_sparse_run_t(const void *entries, const edgel3_sparse_channel_t *first,
                                        const edgel3_sparse_channel_t *end, void *output, int32_t step,
                                        edgel3_finish_t finish, const void *scratch);
EDGEL3_HOT edgel3_sparse_run_t edgel3_sparse_run_taps, edgel3_sparse_run_bytes1, edgel3_sparse_run_bytes4;

/* By the form of the list, GENERAL or not. */
extern edgel3_sparse_run_t *const edgel3_sparse_runs[6];

/*
 * One list of a tile by the general path: the accumulators of the tile's 8 positions, lane 0's four, then lane 1's,
 * of one output channel, whose records it moves past.
 */
EDGEL3_HOT
void edgel3_sparse_sums(edgel3_list_form_t form, const void **entries, const edgel3_sparse_channel_t **record,
                        const void *scratch, int32_t sums[8]);

/* Expand row by row: edgel3_sparse_expand for a tile with words on both sides, from the word before the tile's. */
EDGEL3_HOT void edgel3_sparse_expand(const void *source, uint32_t *words, int32_t channels, int32_t stride);

/* What the tiles of a row read: the three rows around it, NULL outside of the map, and what stands for padding. */
typedef struct {
    const edgel3_lanes_t *input;
    const uint8_t *rows[3];
    uint32_t outside[4]; /* words of memory */
    uint8_t padding[2];  /* of lane 0 and of lane 1 */
} edgel3_window_t;

EDGEL3_HOT edgel3_window_t edgel3_sparse_window(const edgel3_lanes_t *input, int32_t zero_point, int32_t row);

/* The taps of tile `tile` into the scratch. */
EDGEL3_HOT void edgel3_sparse_tile(const edgel3_window_t *window, int32_t tile, void *scratch);

#endif
