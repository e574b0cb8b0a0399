/*
 * What the Winograd convolutions F(4x4,3x3) and F(2x2,3x3) share: tiles, the stages of one form, and the
 * driver.
 *
 * A form computes tile x tile outputs from a (tile + 2)^2 patch of the input through `positions` = (tile +
 * 2)^2 matrix products. The input is transformed for a group of 4 * blocks tiles,
 * v[block][position][pair][4]; then for each pair of output channels the products and the output transform
 * run block by block.
 */
#ifndef EDGEL3_WINOGRAD_H
#define EDGEL3_WINOGRAD_H

#include "edgel3_kernels.h"
#include "gemm.h"
#include "simd.h"

enum { EDGEL3_PATCH_MAX = 6 };

/* Where a tile's outputs go; a tile at the edge of the map has fewer than all rows or columns. */
typedef struct {
    int8_t *output; /* of channel 0 */
    int32_t pixel_stride;
    int32_t row_stride;
    int8_t rows;
    int8_t columns;
    bool edge_block; /* of a block's first tile: whether any tile of the block is at the edge */
} edgel3_tile_t;

_Static_assert(sizeof(void *) != 4 || sizeof(edgel3_tile_t) == 16, "the scheduler and the assembly count on it");

/* Sums of one output channel, and where its outputs go: `offset` bytes from each tile's `output`. */
typedef struct {
    const uint32_t *sums; /* the channel's first column of sums[position][8] */
    const edgel3_tile_t *tiles;
    int32_t count;
    int32_t offset;
    const edgel3_channel_t *channel;
    const int32_t *corrections;
} edgel3_outputs_t;

typedef struct {
    int32_t tile;
    int32_t positions;
    /* One patch, given by its rows, to a column of v: v[position * 4 * pairs + 4 * pair]. */
    void (*input)(const int8_t *const rows[EDGEL3_PATCH_MAX], int32_t channels, int32_t pairs, uint32_t *v);
    /* int8 weights of two output channels, packed[pair][9], to w[position][pair][2]. */
    void (*weights)(const uint32_t *packed, int32_t pairs, uint32_t *w);
    /* Sums to the int8 outputs of full tiles. */
    void (*output)(const edgel3_conv_t *conv, const edgel3_outputs_t *outputs);
} edgel3_winograd_t;

EDGEL3_HOT
void edgel3_winograd(const edgel3_winograd_t *form, const edgel3_conv_t *conv, const edgel3_map_t *input,
                     const edgel3_map_t *output, int32_t first, int32_t last, void *scratch, int32_t blocks);

uint32_t edgel3_winograd_scratch(const edgel3_winograd_t *form, int32_t input_channels, int32_t blocks,
                                 bool stored);

uint32_t edgel3_winograd_products(const edgel3_winograd_t *form, int32_t input_channels, bool stored);

void edgel3_winograd_start(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t input_channels,
                           uint32_t *resident);

uint32_t edgel3_winograd_resident(const edgel3_winograd_t *form, int32_t input_channels,
                                  int32_t resident_channels);

EDGEL3_HOT
void edgel3_f44_input(const int8_t *const rows[EDGEL3_PATCH_MAX], int32_t channels, int32_t pairs,
                      uint32_t *v);
EDGEL3_HOT void edgel3_f44_weights(const uint32_t *packed, int32_t pairs, uint32_t *w);
EDGEL3_HOT void edgel3_f44_output(const edgel3_conv_t *conv, const edgel3_outputs_t *outputs);

#endif
