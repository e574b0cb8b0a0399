/*
 * The driver of the Winograd convolutions: walks the tiles of a strip in groups, gathers patches at the map's
 * edges, and runs the stages of the form. Tiles of a group may span tile rows, so that only the strip's last
 * block can be short.
 *
 * Weights of output channels come transformed from flash (the first stored_channels), transformed from RAM
 * (resident_channels behind them, made once by edgel3_winograd_start), or are transformed per group.
 *
 * Layout: scratch holds the group's tiles, their transformed patches v, then sums and transformed weights,
 * whose place the patches of edge tiles share.
 *
 * Bounds: those of the form.
 *
 * Cost: about 150 instructions for a pair of output channels and a block of four tiles, 300 for a patch, 65
 * more for each channel of an edge tile; measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.
 */
#include "winograd.h"

#include <stddef.h>

/* Sums and transformed weights share their place with the patches of edge tiles. */
typedef struct {
    edgel3_tile_t *tiles;
    uint32_t *v;
    uint32_t *sums;
    uint32_t *weights;
    int8_t *patch;
} workspace_t;

enum { READ_AHEAD = 8, TAPS = 9 };

static uint32_t aligned(uint32_t bytes)
{
    return (bytes + 7u) & ~7u;
}

static uint32_t v_bytes(const edgel3_winograd_t *form, int32_t channels)
{
    return (uint32_t)(form->positions * edgel3_pairs(channels)) * 16u;
}

uint32_t edgel3_winograd_products(const edgel3_winograd_t *form, int32_t input_channels, bool stored)
{
    const uint32_t sums = (uint32_t)form->positions * 32u;
    const uint32_t weights = stored ? 0u : v_bytes(form, input_channels) / 2u;
    const uint32_t patch = (uint32_t)(form->positions * input_channels) + READ_AHEAD;
    const uint32_t products = sums + weights + READ_AHEAD;
    return aligned(patch > products ? patch : products);
}

uint32_t edgel3_winograd_scratch(const edgel3_winograd_t *form, int32_t input_channels, int32_t blocks,
                                 bool stored)
{
    const uint32_t tiles = aligned((uint32_t)blocks * 4u * (uint32_t)sizeof(edgel3_tile_t));
    const uint32_t v = (uint32_t)blocks * v_bytes(form, input_channels);
    return tiles + v + edgel3_winograd_products(form, input_channels, stored);
}

static workspace_t divide(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t channels,
                          int32_t blocks, void *scratch)
{
    workspace_t space;
    space.tiles = scratch;
    int8_t *rest = (int8_t *)scratch + aligned((uint32_t)blocks * 4u * (uint32_t)sizeof(edgel3_tile_t));
    space.v = (uint32_t *)(void *)rest;
    rest = conv->products ? conv->products : rest + (uint32_t)blocks * v_bytes(form, channels);
    space.sums = (uint32_t *)(void *)rest;
    space.weights = space.sums + form->positions * 8;
    space.patch = rest;
    return space;
}

/* `side` pixels from (y, x) on, word by word where possible; outside the map they are the zero point. */
EDGEL3_HOT EDGEL3_PLAIN_LOOPS
static void gather_row(const edgel3_conv_t *conv, const edgel3_map_t *input, int32_t y, int32_t x, int32_t side,
                       int8_t *to)
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
static void transform_patch(const edgel3_winograd_t *form, const edgel3_conv_t *conv,
                            const edgel3_map_t *input, int32_t y, int32_t x, int8_t *patch, uint32_t *v)
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

EDGEL3_HOT
static void channel_outputs(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t channel,
                            int32_t channels, edgel3_outputs_t *outputs)
{
    for (int32_t c = 0; c < channels; c++) {
        outputs->channel = conv->channels + channel + c;
        outputs->corrections = conv->corrections ? conv->corrections[channel + c] : NULL;
        form->output(conv, outputs);
        outputs->sums += 4;
        outputs->offset++;
    }
}

static bool is_whole(const edgel3_tile_t *tile, int32_t side)
{
    return tile->rows == side && tile->columns == side;
}

/* A block with tiles at the edge of the map: those go to a full tile aside, then what lies inside of the map
 * is copied. */
static void edge_outputs(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t side,
                         int32_t channel, int32_t channels, edgel3_outputs_t *outputs)
{
    edgel3_tile_t targets[4];
    int8_t aside[4][32];
    const edgel3_tile_t *tile = outputs->tiles;
    for (int32_t t = 0; t < outputs->count; t++, tile++) {
        const bool whole = is_whole(tile, side);
        targets[t].output = whole ? tile->output + channel : aside[t];
        targets[t].pixel_stride = whole ? tile->pixel_stride : 2;
        targets[t].row_stride = whole ? tile->row_stride : 8;
    }
    tile = outputs->tiles;
    outputs->tiles = targets;
    outputs->offset = 0;
    channel_outputs(form, conv, channel, channels, outputs);
    for (int32_t t = 0; t < outputs->count; t++, tile++) {
        if (is_whole(tile, side)) {
            continue;
        }
        for (int32_t y = 0; y < tile->rows; y++) {
            int8_t *to = tile->output + y * tile->row_stride + channel;
            for (int32_t x = 0; x < tile->columns; x++, to += tile->pixel_stride) {
                to[0] = aside[t][8 * y + 2 * x];
                if (channels == 2) {
                    to[1] = aside[t][8 * y + 2 * x + 1];
                }
            }
        }
    }
}

static void mark_edge_blocks(edgel3_tile_t *tiles, int32_t count, int32_t side)
{
    for (int32_t t = 0; t < count; t++) {
        tiles[t & ~3].edge_block = (t % 4 != 0 && tiles[t & ~3].edge_block) || !is_whole(tiles + t, side);
    }
}

/* Of a pair of output channels. */
static int32_t transformed_words(const edgel3_winograd_t *form, int32_t pairs)
{
    return form->positions * pairs * 2;
}

uint32_t edgel3_winograd_resident(const edgel3_winograd_t *form, int32_t input_channels,
                                  int32_t resident_channels)
{
    const int32_t words = transformed_words(form, edgel3_pairs(input_channels));
    return (uint32_t)((resident_channels + 1) / 2 * words) * 4u + READ_AHEAD;
}

void edgel3_winograd_start(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t input_channels,
                           uint32_t *resident)
{
    const int32_t pairs = edgel3_pairs(input_channels), words = transformed_words(form, pairs);
    const uint32_t *packed = (const uint32_t *)conv->weights + (conv->stored_channels + 1) / 2 * words;
    for (int32_t channel = 0; channel < conv->resident_channels; channel += 2) {
        form->weights(packed, pairs, resident);
        packed += TAPS * pairs;
        resident += words;
    }
}

static void products(const edgel3_winograd_t *form, const edgel3_conv_t *conv, int32_t pairs,
                     const workspace_t *space, int32_t count, int32_t side, int32_t output_channels)
{
    const uint32_t *packed = conv->weights, *resident = conv->resident;
    const int32_t transformed = conv->stored_channels + conv->resident_channels;
    for (int32_t channel = 0; channel < output_channels; channel += 2) {
        const uint32_t *weights = packed;
        if (channel < conv->stored_channels) {
            packed += transformed_words(form, pairs);
        } else if (channel < transformed) {
            weights = resident;
            resident += transformed_words(form, pairs);
            packed += TAPS * pairs;
        } else {
            form->weights(packed, pairs, space->weights);
            weights = space->weights;
            packed += TAPS * pairs;
        }
        const int32_t channels = output_channels - channel < 2 ? 1 : 2;
        const uint32_t *v = space->v;
        edgel3_outputs_t outputs;
        for (int32_t done = 0; done < count; done += 4, v += form->positions * pairs * 4) {
            outputs.sums = space->sums;
            outputs.tiles = space->tiles + done;
            outputs.count = count - done < 4 ? count - done : 4;
            outputs.offset = channel;
            edgel3_gemm_s16(weights, v, space->sums, pairs, form->positions, outputs.count);
            if (!outputs.tiles->edge_block) {
                channel_outputs(form, conv, channel, channels, &outputs);
            } else {
                edge_outputs(form, conv, side, channel, channels, &outputs);
            }
        }
    }
}

void edgel3_winograd(const edgel3_winograd_t *form, const edgel3_conv_t *conv, const edgel3_map_t *input,
                     const edgel3_map_t *output, int32_t first, int32_t last, void *scratch, int32_t blocks)
{
    const int32_t pairs = edgel3_pairs(input->channels);
    const workspace_t space = divide(form, conv, input->channels, blocks, scratch);
    const int32_t side = conv->pooled ? form->tile / 2 : form->tile; /* of a tile in the output map */
    const int32_t across = (output->width + side - 1) / side;
    int32_t ty = first, tx = 0;
    while (ty < last) {
        int32_t count = 0;
        for (; count < 4 * blocks && ty < last; count++) {
            edgel3_tile_t *tile = space.tiles + count;
            const int32_t rows = output->height - side * ty, columns = output->width - side * tx;
            tile->output = edgel3_row(output, side * ty) + side * tx * output->channels;
            tile->pixel_stride = output->channels;
            tile->row_stride = output->width * output->channels;
            tile->rows = (int8_t)(rows < side ? rows : side);
            tile->columns = (int8_t)(columns < side ? columns : side);
            uint32_t *v = space.v + count / 4 * form->positions * pairs * 4 + count % 4;
            transform_patch(form, conv, input, form->tile * ty - 1, form->tile * tx - 1, space.patch, v);
            if (++tx == across) {
                tx = 0;
                ty++;
            }
        }
        mark_edge_blocks(space.tiles, count, side);
        products(form, conv, pairs, &space, count, side, output->channels);
    }
}
