/*
 * Lists of bytes into taps, once at the start. Layout: edgel3_sparse.h.
 *
 * Bounds: none. Cost: about 15 instructions an entry.
 */
#include "sparse_tile.h"

void edgel3_sparse_unpack(const edgel3_sparse_channel_t *channels, const edgel3_sparse_list_t *packed,
                          const void *tile_scratch, edgel3_tap_t *taps)
{
    const bool wide = packed->form == EDGEL3_LIST_BYTES4 || packed->form == EDGEL3_LIST_BYTES4_GENERAL;
    const uint8_t *pairs = packed->entries;
    for (int32_t i = 0; i < packed->channels; i++) {
        const uint8_t *words = tile_scratch, *start = pairs;
        /* A weight of 0 only moves on, unless it does not move: the one tap of an empty channel. */
        for (int32_t left = channels[i].bytes / 8; left > 0; pairs += 2) {
            words += wide ? 4 * pairs[0] : pairs[0];
            if (pairs[0] == 0 || pairs[1] != 0) {
                *taps++ = (edgel3_tap_t){words, (int8_t)pairs[1] * 512};
                left--;
            }
        }
        pairs += (pairs - start) % 4;
    }
}
