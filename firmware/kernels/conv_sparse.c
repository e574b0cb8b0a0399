/*
 * Sparse 3x3 convolution, one row: tile by tile, list by list. Layouts, lanes and their bounds: edgel3_sparse.h.
 *
 * Rectified channels with a shift of 1 to 12 are finished in sparse_run. All others take the general path: the sums
 * of the lanes come back and everything else is TFLite's arithmetic on int32.
 */
#include "requantize.h"
#include "sparse_tile.h"

uint32_t edgel3_conv_sparse_scratch(int32_t input_channels)
{
    return 3U * EDGEL3_TILE_WORDS * 4U * (uint32_t)input_channels;
}

void edgel3_sparse_sums(edgel3_list_form_t form, const void **entries, const edgel3_sparse_channel_t **record,
                        const void *scratch, int32_t sums[8])
{
    uint32_t totals[8] = {0};
    bool more = true;
    while (more) {
        const edgel3_sparse_channel_t *list = *record, *terms = list + 1;
        uint32_t raw[8];
        *entries = edgel3_sparse_runs[form](*entries, list, list + 1, raw, (int32_t)sizeof raw, EDGEL3_FINISH_RAW,
                                            scratch);
        for (int32_t i = 0; i < 4; i++) {
            totals[i] += (raw[2 * i] >> 9) + (uint32_t)terms->low;
            totals[4 + i] += (uint32_t)((int32_t)raw[2 * i + 1] >> 1) + (uint32_t)terms->high;
        }
        *record += 2;
        more = terms->entry != 0;
    }
    for (int32_t i = 0; i < 8; i++) {
        sums[i] = (int32_t)totals[i];
    }
}

static int32_t requantized(const edgel3_sparse_t *conv, const edgel3_sparse_channel_t *terms, int32_t acc)
{
    const uint32_t scaled = (uint32_t)edgel3_requantize(acc, terms->multiplier, -terms->shift);
    const int32_t value = (int32_t)(scaled + (uint32_t)conv->output_zero_point);
    const int32_t raised = value < conv->activation_min ? conv->activation_min : value;
    return raised > conv->activation_max ? conv->activation_max : raised;
}

/* One output channel of a tile, x(0..3) of lane 0 and x(4..7) of lane 1, as `finish` says. */
static void put(const int32_t x[8], uint8_t *bytes, edgel3_finish_t finish)
{
    if (finish == EDGEL3_FINISH_ROWS) {
        for (int32_t i = 0; i < 4; i++) {
            bytes[2 * i + 1] = (uint8_t)(x[i] + 128);
            bytes[2 * i] = (uint8_t)x[4 + i];
        }
        return;
    }
    for (int32_t i = 0; i < 4; i++) {
        uint8_t *byte = bytes + (i < 2 ? 2 * i + 1 : 2 * i - 4);
        const int32_t flip = i < 2 ? 0x80 : 0;
        const int32_t pair = x[2 * i] > x[2 * i + 1] ? x[2 * i] : x[2 * i + 1];
        const int32_t before = finish == EDGEL3_FINISH_SECOND ? (int8_t)(*byte ^ flip) : -128;
        *byte = (uint8_t)((pair > before ? pair : before) ^ flip);
    }
}

static void run_lists(const edgel3_sparse_t *conv, uint8_t *output, int32_t step, edgel3_finish_t finish,
                      const void *scratch)
{
    const edgel3_sparse_channel_t *record = conv->channels;
    for (int32_t i = 0; i < conv->list_count; i++) {
        const edgel3_sparse_list_t *list = conv->lists + i;
        const edgel3_sparse_channel_t *end = record + list->channels;
        if (list->form < EDGEL3_LIST_TAPS_GENERAL) {
            edgel3_sparse_runs[list->form](list->entries, record, end, output, step, finish, scratch);
            output += step * list->channels;
            record = end;
        }
        const void *entries = list->entries;
        for (; record < end; output += step) {
            int32_t x[8];
            edgel3_sparse_sums(list->form, &entries, &record, scratch, x);
            for (int32_t k = 0; k < 8; k++) {
                x[k] = requantized(conv, record - 1, x[k]);
            }
            put(x, output, finish);
        }
    }
}

/* Whether a tile holds any of the positions [first, end). */
static bool holds(const edgel3_lanes_t *input, int32_t tile, int32_t first, int32_t end)
{
    const int32_t byte = tile * EDGEL3_TILE_BYTES, whole = 2 * input->distance;
    const int32_t low = byte / whole * whole + byte % whole / 2, high = low + input->distance;
    return (low < end && low + EDGEL3_TILE_SIDE > first) || (high < end && high + EDGEL3_TILE_SIDE > first);
}

void edgel3_conv_sparse(const edgel3_sparse_t *conv, const edgel3_lanes_t *input, const edgel3_lanes_t *output,
                        int32_t row, int32_t first, int32_t end, void *scratch)
{
    const bool pooled = conv->output == EDGEL3_SPARSE_POOLED;
    const int32_t target = pooled ? row / 2 : row, bytes = pooled ? EDGEL3_TILE_BYTES / 2 : EDGEL3_TILE_BYTES;
    const edgel3_finish_t finish =
        !pooled ? EDGEL3_FINISH_ROWS : row % 2 == 0 ? EDGEL3_FINISH_FIRST : EDGEL3_FINISH_SECOND;
    if (target >= output->height) {
        return; /* an odd last row that the pooling drops */
    }
    uint8_t *to = (uint8_t *)edgel3_newest_row(output, target);
    const edgel3_window_t window = edgel3_sparse_window(input, conv->input_zero_point, row);
    const bool everything = first <= 0 && end >= input->width;
    for (int32_t tile = 0; (tile + 1) * bytes <= output->stride; tile++) {
        if (everything || holds(input, tile, first, end)) {
            edgel3_sparse_tile(&window, tile, scratch);
            run_lists(conv, to + tile * bytes, output->stride, finish, scratch);
        }
    }
    if (!pooled || row % 2 == 1) {
        edgel3_lanes_pad(output, target, conv->output_zero_point);
    }
}

/* A bit for each position of a tile, lane 0's four, then lane 1's: whether it is in [first, end). */
static uint32_t counted(const edgel3_lanes_t *input, int32_t tile, int32_t first, int32_t end)
{
    const int32_t byte = tile * EDGEL3_TILE_BYTES, whole = 2 * input->distance;
    const int32_t low = byte / whole * whole + byte % whole / 2;
    uint32_t bits = 0;
    for (int32_t k = 0; k < 8; k++) {
        const int32_t position = low + k % 4 + (k < 4 ? 0 : input->distance);
        bits |= position >= first && position < end ? 1U << k : 0U;
    }
    return bits;
}

static int32_t raised(int32_t maximum, const int32_t sums[8], uint32_t bits)
{
    for (; bits != 0; bits >>= 1, sums++) {
        if ((bits & 1U) != 0 && *sums > maximum) {
            maximum = *sums;
        }
    }
    return maximum;
}

/* The maxima over the positions of a tile that count. */
static void raise_maxima(const edgel3_sparse_t *conv, uint32_t bits, int32_t *maximum, const void *scratch)
{
    enum { EVERY = 0xFF };
    const edgel3_sparse_channel_t *record = conv->channels;
    for (int32_t i = 0; i < conv->list_count; i++) {
        const edgel3_sparse_list_t *list = conv->lists + i;
        const edgel3_sparse_channel_t *last = record + list->channels;
        const void *entries = list->entries;
        int32_t sums[8];
        if (bits == EVERY && list->form < EDGEL3_LIST_TAPS_GENERAL) {
            edgel3_sparse_runs[list->form](entries, record, last, maximum, (int32_t)sizeof *maximum,
                                           EDGEL3_FINISH_GLOBAL, scratch);
            maximum += list->channels;
            record = last;
        }
        while (record < last && list->form >= EDGEL3_LIST_TAPS_GENERAL) {
            edgel3_sparse_sums(list->form, &entries, &record, scratch, sums);
            *maximum = raised(*maximum, sums, bits);
            maximum++;
        }
        for (; record < last; record++, maximum++) {
            uint32_t raw[8];
            entries = edgel3_sparse_runs[list->form](entries, record, record + 1, raw, (int32_t)sizeof raw,
                                                     EDGEL3_FINISH_RAW, scratch);
            for (int32_t k = 0; k < 4; k++) {
                sums[k] = (int32_t)((raw[2 * k] >> 8) + (uint32_t)record->offset) >> 1;
                sums[4 + k] = (int32_t)raw[2 * k + 1] >> 1;
            }
            *maximum = raised(*maximum, sums, bits);
        }
    }
}

void edgel3_conv_sparse_global(const edgel3_sparse_t *conv, const edgel3_lanes_t *input, int32_t *maxima,
                               int32_t row, int32_t first, int32_t end, void *scratch)
{
    const edgel3_window_t window = edgel3_sparse_window(input, conv->input_zero_point, row);
    for (int32_t tile = 0; tile * EDGEL3_TILE_BYTES < input->stride; tile++) {
        const uint32_t bits = counted(input, tile, first, end);
        if (bits != 0) {
            edgel3_sparse_tile(&window, tile, scratch);
            raise_maxima(conv, bits, maxima, scratch);
        }
    }
}
