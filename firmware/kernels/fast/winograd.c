/*
 * The driver of the Winograd convolutions: walks the tiles of a strip in groups, gathers patches at the map's edges, and
 * runs the stages of the form. Tiles of a group may span tile rows, so that only the strip's last block can be short.
 */
#include "winograd.h"

#include <stddef.h>

/* Scratch is v, then the sums, then transformed weights; patches of edge tiles share the place of the latter two. */
typedef struct {
    edgel3_tile_t *tiles;
    uint32_t *v;
    uint32_t *sums;
    uint32_t *weights;
    int8_t *patch;
} workspace_t;

enum { READ_AHEAD = 8 };

static uint32_t aligned(uint32_t bytes)
{
    return (bytes + 7u) & ~7u;
}

static uint32_t v_bytes(const edgel3_winograd_t *form, int32_t channels)
{
    return (uint32_t)(form->positions * edgel3_pairs(channels)) * 16u;
}

uint32_t edgel3_winograd_scratch(const edgel3_winograd_t *form, int32_t input_channels, int32_t blocks, bool stored)
{
    const uint32_t tiles = aligned((uint32_t)blocks * 4u * (uint32_t)sizeof(edgel3_tile_t));
    const uint32_t v = (uint32_t)blocks * v_bytes(form, input_channels);
    const uint32_t sums = (uint32_t)form->positions * 32u;
    const uint32_t weights = stored ? 0u : v_bytes(form, input_channels) / 2u;
    const uint32_t patch = (uint32_t)(form->positions * input_channels) + READ_AHEAD;
    const uint32_t products = sums + weights + READ_AHEAD;
    return tiles + v + aligned(patch > products ? patch : products);
}

static workspace_t divide(const edgel3_winograd_t *form, int32_t channels, int32_t blocks, void *scratch)
{
    workspace_t space;
    space.tiles = scratch;
    int8_t *rest = (int8_t *)scratch + aligned((uint32_t)blocks * 4u * (uint32_t)sizeof(edgel3_tile_t));
    space.v = (uint32_t *)(void *)rest;
    rest += (uint32_t)blocks * v_bytes(form, channels);
    space.sums = (uint32_t *)(void *)rest;
    space.weights = space.sums + form->positions * 8;
    space.patch = rest;
    return space;
}

/* `side` pixels from (y, x) on; outside the map they are the zero point. Word by word where the pixels allow it. */
EDGEL3_PLAIN_LOOPS static void gather_row(const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y, int32_t x,
                                          int32_t side, int8_t *to)
{
    const int32_t channels = input->channels, words = channels & ~3;
    const int8_t fill = (int8_t)conv->input_zero_point;
    const uint32_t fill_word = (uint8_t)fill * 0x01010101u;
    const bool row_inside = y >= 0 && y < input->height;
    const int8_t *row = row_inside ? edgel3_row(input, y) : NULL;
    for (int32_t j = 0; j < side; j++, x++, to += channels) {
        const int8_t *pixel = row_inside && x >= 0 && x < input->width ? row + x * channels : NULL;
        for (int32_t c = 0; c < words; c += 4) {
            const uint32_t word = pixel ? edgel3_load32(pixel + c) : fill_word;
            edgel3_store32(to + c, word);
        }
        for (int32_t c = words; c < channels; c++) {
            to[c] = pixel ? pixel[c] : fill;
        }
    }
}

/* Transform the patch whose first pixel is (y, x); pixels outside the map are the zero point. */
static void transform_patch(const edgel3_winograd_t *form, const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y,
                            int32_t x, int8_t *patch, uint32_t *v)
{
    const int32_t side = form->tile + 2, channels = input->channels;
    const int8_t *rows[EDGEL3_PATCH_MAX];
    const bool inside = y >= 0 && x >= 0 && y + side <= input->height && x + side <= input->width;
    if (inside && channels % 4 == 0) {
        for (int32_t i = 0; i < side; i++) {
            rows[i] = edgel3_row(input, y + i) + x * channels;
        }
    } else {
        for (int32_t i = 0; i < side; i++) {
            rows[i] = patch + i * side * channels;
            gather_row(conv, input, y + i, x, side, patch + i * side * channels);
        }
    }
    form->input(rows, channels, edgel3_pairs(channels), v);
}

/* Where outputs go, of the tile in the map and of the block while its channels are computed. */
typedef struct {
    const edgel3_map_t *map;
    int32_t side; /* of a tile in the output map */
    int32_t channel;
    int32_t channels; /* 2, or 1 at an odd end */
} destination_t;

/* One block: products, then the output transform of both channels. Tiles at the edge go through a full tile aside. */
static void block_outputs(const edgel3_winograd_t *form, const edgel3_conv_t *conv, const uint32_t *sums,
                          const edgel3_tile_t *tiles, int32_t count, const destination_t *to)
{
    edgel3_target_t targets[4];
    int8_t aside[4][32];
    const int32_t side = to->side, pixel = to->map->channels, row = to->map->width * pixel;
    for (int32_t t = 0; t < count; t++) {
        const bool whole = tiles[t].rows == side && tiles[t].columns == side;
        targets[t].output = whole ? tiles[t].output + to->channel : aside[t];
        targets[t].pixel_stride = whole ? pixel : 2;
        targets[t].row_stride = whole ? row : 2 * side;
    }
    for (int32_t c = 0; c < to->channels; c++) {
        form->output(sums + 4 * c, targets, conv, to->channel + c, count);
        for (int32_t t = 0; t < count; t++) {
            targets[t].output++;
        }
    }
    for (int32_t t = 0; t < count; t++) {
        if (tiles[t].rows == side && tiles[t].columns == side) {
            continue;
        }
        for (int32_t y = 0; y < tiles[t].rows; y++) {
            int8_t *outputs = tiles[t].output + y * row + to->channel;
            for (int32_t x = 0; x < tiles[t].columns; x++) {
                outputs[x * pixel] = aside[t][2 * (y * side + x)];
                if (to->channels == 2) {
                    outputs[x * pixel + 1] = aside[t][2 * (y * side + x) + 1];
                }
            }
        }
    }
}

static void products(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t pairs, const workspace_t *space,
                     int32_t count, destination_t *to)
{
    const int32_t stored_words = form->positions * pairs * 2, packed_words = 9 * pairs;
    const uint32_t *packed = conv->weights;
    for (to->channel = 0; to->channel < to->map->channels; to->channel += 2) {
        const uint32_t *weights = packed;
        if (conv->stored) {
            packed += stored_words;
        } else {
            form->weights(packed, pairs, space->weights);
            weights = space->weights;
            packed += packed_words;
        }
        to->channels = to->map->channels - to->channel < 2 ? 1 : 2;
        const uint32_t *v = space->v;
        for (int32_t done = 0; done < count; done += 4, v += form->positions * pairs * 4) {
            edgel3_gemm_s16(weights, v, space->sums, pairs, form->positions);
            block_outputs(form, conv, space->sums, space->tiles + done, count - done < 4 ? count - done : 4, to);
        }
    }
}

void edgel3_winograd(const edgel3_winograd_t *form, const edgel3_conv_t *conv, const edgel3_map_t *input,
                     const edgel3_map_t *output, int32_t first, int32_t last, void *scratch, int32_t blocks)
{
    const int32_t pairs = edgel3_pairs(input->channels);
    const workspace_t space = divide(form, input->channels, blocks, scratch);
    const int32_t side = conv->pooled ? form->tile / 2 : form->tile; /* of a tile in the output map */
    const int32_t across = (output->width + side - 1) / side;
    destination_t to = {.map = output, .side = side};
    int32_t ty = first, tx = 0;
    while (ty < last) {
        int32_t count = 0;
        for (; count < 4 * blocks && ty < last; count++) {
            edgel3_tile_t *tile = space.tiles + count;
            const int32_t rows = output->height - side * ty, columns = output->width - side * tx;
            tile->output = edgel3_row(output, side * ty) + side * tx * output->channels;
            tile->rows = (int16_t)(rows < side ? rows : side);
            tile->columns = (int16_t)(columns < side ? columns : side);
            uint32_t *v = space.v + count / 4 * form->positions * pairs * 4 + count % 4;
            transform_patch(form, conv, input, form->tile * ty - 1, form->tile * tx - 1, space.patch, v);
            if (++tx == across) {
                tx = 0;
                ty++;
            }
        }
        products(form, conv, pairs, &space, count, &to);
    }
}
