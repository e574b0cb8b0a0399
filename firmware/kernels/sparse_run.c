/*
 * Lists of non-zero weights over an expanded tile, and what becomes of their sums. Formats, lanes and their bounds:
 * edgel3_sparse.h. For Cortex-M7: sparse_run_m7.S.
 *
 * Requantization is the rectified form for a shift of e: saturate(SMMLAR(2 * acc, multiplier, 2^(e-1)) >> e) to
 * uint8, which is x + 128 for an output zero point of -128.
 */
#include "sparse_tile.h"

edgel3_sparse_run_t *const edgel3_sparse_runs[6] = {
    edgel3_sparse_run_taps, edgel3_sparse_run_bytes1, edgel3_sparse_run_bytes4,
    edgel3_sparse_run_taps, edgel3_sparse_run_bytes1, edgel3_sparse_run_bytes4,
};

#if !EDGEL3_DSP

typedef struct {
    uint32_t low[4], high[4]; /* (lane 0 + K) << 9 and 2 * lane 1 of the four words */
} sums_t;

static void accumulate(uint64_t sums[4], const uint8_t *words, int32_t weight)
{
    for (int32_t i = 0; i < 4; i++) {
        int32_t word;
        __builtin_memcpy(&word, words + 4 * i, sizeof word);
        sums[i] += (uint64_t)((int64_t)word * weight);
    }
}

static sums_t run_list(const uint8_t **entries, const edgel3_sparse_channel_t *channel, int32_t unit,
                       const uint8_t *scratch)
{
    const uint64_t start = ((uint64_t)(uint32_t)channel->high << 32) | (uint32_t)channel->low;
    uint64_t sums[4] = {start, start, start, start};
    if (unit == 0) {
        const edgel3_tap_t *tap = (const void *)*entries;
        for (int32_t i = 0; i < channel->bytes / 8; i++, tap++) {
            accumulate(sums, tap->words, tap->weight);
        }
        *entries = (const void *)tap;
    } else {
        const uint8_t *words = scratch;
        for (int32_t i = 0; i < channel->bytes; i += 2, *entries += 2) {
            words += unit * (*entries)[0];
            accumulate(sums, words, (int8_t)(*entries)[1]);
        }
    }
    sums_t result;
    for (int32_t i = 0; i < 4; i++) {
        const uint64_t aligned = unit == 0 ? sums[i] : sums[i] << 9;
        result.low[i] = (uint32_t)aligned;
        result.high[i] = (uint32_t)(aligned >> 32);
    }
    return result;
}

static uint32_t output_of(int32_t twice, const edgel3_sparse_channel_t *channel)
{
    const int32_t t = edgel3_smmlar(twice, channel->multiplier, (1 << channel->shift) >> 1) >> channel->shift;
    return t < 0 ? 0U : t > 255 ? 255U : (uint32_t)t;
}

static int32_t largest(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static void finish_tile(const sums_t *sums, const edgel3_sparse_channel_t *channel, void *output,
                        edgel3_finish_t finish)
{
    int32_t twice[2][4];
    for (int32_t i = 0; i < 4; i++) {
        twice[0][i] = (int32_t)((sums->low[i] >> 8) + (uint32_t)channel->offset);
        twice[1][i] = (int32_t)sums->high[i];
    }
    if (finish == EDGEL3_FINISH_RAW) {
        for (int32_t i = 0; i < 4; i++) {
            ((uint32_t *)output)[2 * i] = sums->low[i];
            ((uint32_t *)output)[2 * i + 1] = sums->high[i];
        }
    } else if (finish == EDGEL3_FINISH_GLOBAL) {
        int32_t *maximum = output;
        for (int32_t i = 0; i < 4; i++) {
            *maximum = largest(*maximum, largest(twice[0][i], twice[1][i]) >> 1);
        }
    } else if (finish == EDGEL3_FINISH_ROWS) {
        uint8_t *bytes = output;
        for (int32_t i = 0; i < 4; i++) {
            bytes[2 * i + 1] = (uint8_t)output_of(twice[0][i], channel);
            bytes[2 * i] = (uint8_t)(output_of(twice[1][i], channel) ^ 0x80U);
        }
    } else {
        uint8_t *bytes = output;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t lane = i / 2, pair = i % 2 * 2;
            const int32_t at = i % 2 * 2 + 1 - lane;
            const uint32_t flip = lane ? 0x80U : 0U;
            uint32_t value = output_of(largest(twice[lane][pair], twice[lane][pair + 1]), channel);
            if (finish == EDGEL3_FINISH_SECOND) {
                const uint32_t before = bytes[at] ^ flip;
                value = value > before ? value : before;
            }
            bytes[at] = (uint8_t)(value ^ flip);
        }
    }
}

static const void *run(const void *entries, const edgel3_sparse_channel_t *first,
                       const edgel3_sparse_channel_t *end, void *output, int32_t step, edgel3_finish_t finish,
                       int32_t unit, const void *scratch)
{
    const uint8_t *cursor = entries;
    int8_t *to = output;
    for (; first < end; first++, to += step) {
        const sums_t sums = run_list(&cursor, first, unit, scratch);
        finish_tile(&sums, first, to, finish);
    }
    return cursor;
}

const void *edgel3_sparse_run_taps(const void *entries, const edgel3_sparse_channel_t *first,
                                   const edgel3_sparse_channel_t *end, void *output, int32_t step,
                                   edgel3_finish_t finish, const void *scratch)
{
    return run(entries, first, end, output, step, finish, 0, scratch);
}

const void *edgel3_sparse_run_bytes1(const void *entries, const edgel3_sparse_channel_t *first,
                                     const edgel3_sparse_channel_t *end, void *output, int32_t step,
                                     edgel3_finish_t finish, const void *scratch)
{
    return run(entries, first, end, output, step, finish, 1, scratch);
}

const void *edgel3_sparse_run_bytes4(const void *entries, const edgel3_sparse_channel_t *first,
                                     const edgel3_sparse_channel_t *end, void *output, int32_t step,
                                     edgel3_finish_t finish, const void *scratch)
{
    return run(entries, first, end, output, step, finish, 4, scratch);
}

#endif
