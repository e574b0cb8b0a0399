/*
 * The taps of a tile into its scratch: [ky 0..2][channel][6 words], words -1..4 around the tile's four.
 *
 * A word of memory holds [s(j) u(j) s(j+1) u(j+1)]: rotated by one byte, its outer bytes are word j, by three word
 * j + 1. Where a lane ends, the words beside it come from the ends of the other lane or are padding.
 *
 * Bounds: none. Cost: 9.5 instructions a row and channel, about twice that in the first and last tile of a
 * supergroup.
 */
#include "sparse_tile.h"

/* Word j or j + 1 of a word of memory: u in the lowest byte, s in the highest. */
static uint32_t even(uint32_t word)
{
    return ((word >> 8) & 0xFFU) | word << 24;
}

static uint32_t odd(uint32_t word)
{
    return word >> 24 | ((word << 8) & 0xFF000000U);
}

#if !EDGEL3_DSP
void edgel3_sparse_expand(const void *source, uint32_t *words, int32_t channels, int32_t stride)
{
    const int8_t *bytes = source;
    for (int32_t c = 0; c < channels; c++, bytes += stride, words += EDGEL3_TILE_WORDS) {
        const uint32_t left = edgel3_load32(bytes), a = edgel3_load32(bytes + 4), b = edgel3_load32(bytes + 8);
        words[0] = odd(left);
        words[1] = even(a);
        words[2] = odd(a);
        words[3] = even(b);
        words[4] = odd(b);
        words[5] = even(edgel3_load32(bytes + 12));
    }
}
#endif

/* A byte in every channel's row, or with a step of 0 the same one for all. */
typedef struct {
    const uint8_t *byte;
    int32_t step;
} place_t;

static place_t place(const uint8_t *row, int32_t byte, int32_t stride, const uint8_t *padding)
{
    const bool inside = byte >= 0 && byte < stride;
    return (place_t){inside ? row + byte : padding, inside ? stride : 0};
}

/* One of the six words of every channel, from bytes of the other lane each: 0x80 turns one into the other. */
static void cross(uint32_t *word, int32_t channels, place_t lane0, place_t lane1)
{
    for (int32_t c = 0; c < channels; c++, word += EDGEL3_TILE_WORDS) {
        *word = (*lane0.byte | (uint32_t)*lane1.byte << 24) ^ 0x80000080U;
        lane0.byte += lane0.step;
        lane1.byte += lane1.step;
    }
}

static void inner(uint32_t *words, const uint8_t *pairs)
{
    const uint32_t a = edgel3_load32((const int8_t *)pairs), b = edgel3_load32((const int8_t *)pairs + 4);
    words[1] = even(a);
    words[2] = odd(a);
    words[3] = even(b);
    words[4] = odd(b);
}

/* The first or last tile of a supergroup that starts at byte `group`. */
static void expand_edge(const edgel3_lanes_t *input, const uint8_t *row, int32_t group, int32_t byte,
                        const uint8_t *padding, uint32_t *words)
{
    const int32_t channels = input->channels, stride = input->stride, whole = 2 * input->distance;
    const int32_t rest = stride - group < whole ? stride - group : whole;
    const bool left = byte == group, right = byte + EDGEL3_TILE_BYTES == group + rest;
    /* The word beside the first or last channel's row need not be memory. */
    const int32_t from = left ? 1 : 0, end = right ? channels - 1 : channels;
    if (from < end) {
        edgel3_sparse_expand(row + byte - 4 + from * stride, words + EDGEL3_TILE_WORDS * from, end - from, stride);
    }
    for (int32_t c = 0; c < channels; c += channels > 1 ? channels - 1 : 1) {
        if (c < from || c >= end) {
            const uint8_t *pairs = row + byte + c * stride;
            uint32_t *six = words + EDGEL3_TILE_WORDS * c;
            inner(six, pairs);
            if (!left) {
                six[0] = odd(edgel3_load32((const int8_t *)pairs - 4));
            }
            if (!right) {
                six[5] = even(edgel3_load32((const int8_t *)pairs + EDGEL3_TILE_BYTES));
            }
        }
    }
    if (left) {
        cross(words, channels, place(row, group - 2, stride, padding + 1),
              place(row, group + whole - 1, stride, padding));
    }
    if (right) {
        cross(words + 5, channels, place(row, rest == whole ? group : -1, stride, padding + 1),
              place(row, rest == whole ? group + whole + 1 : -1, stride, padding));
    }
}

edgel3_window_t edgel3_sparse_window(const edgel3_lanes_t *input, int32_t zero_point, int32_t row)
{
    /* Crossing over turns each padding byte into the other lane's. */
    const uint32_t u = (uint32_t)(zero_point + 128), s = (uint32_t)zero_point & 0xFFU;
    const uint32_t word = s | u << 8 | s << 16 | u << 24;
    edgel3_window_t window = {
        .input = input, .outside = {word, word, word, word}, .padding = {(uint8_t)u, (uint8_t)s}};
    for (int32_t i = 0; i < 3; i++) {
        const int32_t y = row - 1 + i;
        if (y >= 0 && y < input->height) {
            window.rows[i] = (const uint8_t *)(i < 2 ? edgel3_lane_row(input, y) : edgel3_newest_row(input, y));
        }
    }
    return window;
}

void edgel3_sparse_tile(const edgel3_window_t *window, int32_t tile, void *scratch)
{
    const edgel3_lanes_t *input = window->input;
    const int32_t channels = input->channels, stride = input->stride;
    const int32_t byte = tile * EDGEL3_TILE_BYTES, whole = 2 * input->distance;
    const int32_t group = byte / whole * whole, next = byte + EDGEL3_TILE_BYTES;
    const bool edge = byte == group || next == group + whole || next == stride;
    uint32_t *words = scratch;
    for (int32_t i = 0; i < 3; i++, words += EDGEL3_TILE_WORDS * channels) {
        if (window->rows[i] == (const uint8_t *)0) {
            edgel3_sparse_expand(window->outside, words, channels, 0);
        } else if (edge) {
            expand_edge(input, window->rows[i], group, byte, window->padding, words);
        } else {
            edgel3_sparse_expand(window->rows[i] + byte - 4, words, channels, stride);
        }
    }
}
