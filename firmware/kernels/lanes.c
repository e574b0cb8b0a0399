/*
 * Rows of maps into the lane layout and back. Layout: edgel3_sparse.h.
 *
 * Bounds: none. Cost: about 20 instructions a value; only at the ends of a chain and for an observer. To keep a row
 * takes 0.75 a byte.
 */
#include "sparse_tile.h"

int8_t *edgel3_lane_row(const edgel3_lanes_t *lanes, int32_t row)
{
    return lanes->data + row % lanes->ring * lanes->channels * lanes->stride;
}

int8_t *edgel3_newest_row(const edgel3_lanes_t *lanes, int32_t row)
{
    return lanes->newest != (int8_t *)0 && row > 0 ? lanes->newest : edgel3_lane_row(lanes, row);
}

static int8_t *pixel(const edgel3_map_t *map, bool columns, int32_t row, int32_t position)
{
    return columns ? edgel3_row(map, position) + row * map->channels
                   : edgel3_row(map, row) + position * map->channels;
}

EDGEL3_PLAIN_LOOPS
void edgel3_lanes_from_map(const edgel3_map_t *map, bool columns, const edgel3_lanes_t *lanes, int32_t row,
                           int32_t first_position)
{
    for (int32_t p = 0; p < lanes->width; p++) {
        int8_t *to = edgel3_newest_row(lanes, row) + edgel3_lane_byte(lanes->distance, p);
        const int8_t *from = pixel(map, columns, row, first_position + p);
        const int32_t flip = edgel3_lane_flip(lanes->distance, p);
        for (int32_t c = 0; c < lanes->channels; c++, to += lanes->stride) {
            *to = (int8_t)(from[c] ^ flip);
        }
    }
}

EDGEL3_PLAIN_LOOPS
void edgel3_lanes_pad(const edgel3_lanes_t *lanes, int32_t row, int32_t zero_point)
{
    const int32_t byte = edgel3_lane_byte(lanes->distance, lanes->width);
    if (byte < lanes->stride) {
        int8_t *to = edgel3_newest_row(lanes, row) + byte;
        const int8_t value = (int8_t)(zero_point ^ edgel3_lane_flip(lanes->distance, lanes->width));
        for (int32_t c = 0; c < lanes->channels; c++, to += lanes->stride) {
            *to = value;
        }
    }
}

EDGEL3_PLAIN_LOOPS
void edgel3_map_from_lanes(const edgel3_lanes_t *lanes, int32_t row, bool columns, const edgel3_map_t *map)
{
    for (int32_t p = 0; p < lanes->width; p++) {
        const int8_t *from = edgel3_newest_row(lanes, row) + edgel3_lane_byte(lanes->distance, p);
        int8_t *to = pixel(map, columns, row, p);
        const int32_t flip = edgel3_lane_flip(lanes->distance, p);
        for (int32_t c = 0; c < lanes->channels; c++, from += lanes->stride) {
            to[c] = (int8_t)(*from ^ flip);
        }
    }
}

EDGEL3_PLAIN_LOOPS
void edgel3_lanes_keep(const edgel3_lanes_t *lanes, int32_t row)
{
    if (lanes->newest == (int8_t *)0 || row == 0 || row >= lanes->height) {
        return;
    }
    const int8_t *from = lanes->newest, *end = from + lanes->channels * lanes->stride;
    int8_t *to = edgel3_lane_row(lanes, row);
    for (; end - from >= 16; from += 16, to += 16) {
        const uint32_t a = edgel3_load32(from), b = edgel3_load32(from + 4);
        const uint32_t c = edgel3_load32(from + 8), d = edgel3_load32(from + 12);
        edgel3_store32(to, a);
        edgel3_store32(to + 4, b);
        edgel3_store32(to + 8, c);
        edgel3_store32(to + 12, d);
    }
    for (; from < end; from += 4, to += 4) {
        edgel3_store32(to, edgel3_load32(from));
    }
}

void edgel3_lanes_read(const edgel3_lanes_t *lanes, int32_t row, int32_t channel, int32_t first, int32_t end,
                       int8_t *values)
{
    const int32_t distance = lanes->distance;
    const int8_t *from = edgel3_newest_row(lanes, row) + channel * lanes->stride;
    int32_t in_group = first % (2 * distance);
    from += first - in_group;
    for (int32_t p = first; p < end; p++) {
        const bool high = in_group >= distance;
        const int32_t j = high ? in_group - distance : in_group;
        const int8_t x = from[j * 2 + (high ? 0 : 1)];
        values[p - first] = (int8_t)(high ? x : x ^ 0x80);
        if (++in_group == 2 * distance) {
            in_group = 0;
            from += 2 * distance;
        }
    }
}
