/*
 * Running maxima of accumulators over a whole map, and their requantization at the end.
 *
 * Bounds: requantization never decreases with the accumulator (plan/bounds.py, poolable).
 */
#include "requantize.h"
#include "sparse_tile.h"

void edgel3_sparse_maxima_begin(int32_t *maxima, int32_t channels)
{
    for (int32_t c = 0; c < channels; c++) {
        maxima[c] = INT32_MIN;
    }
}

void edgel3_sparse_maxima_end(const edgel3_sparse_t *conv, const int32_t *maxima, int32_t channels, int8_t *output)
{
    const edgel3_sparse_channel_t *record = conv->channels;
    int32_t c = 0;
    for (int32_t i = 0; i < conv->list_count; i++) {
        const bool general = conv->lists[i].form >= EDGEL3_LIST_TAPS_GENERAL;
        const edgel3_sparse_channel_t *end = record + conv->lists[i].channels;
        while (record < end && c < channels) {
            while (general && record[1].entry != 0) {
                record += 2;
            }
            const edgel3_sparse_channel_t *last = record + (general ? 1 : 0);
            const int32_t scaled = edgel3_requantize(maxima[c], last->multiplier, -last->shift);
            const int32_t value = (int32_t)((uint32_t)scaled + (uint32_t)conv->output_zero_point);
            const int32_t raised = value < conv->activation_min ? conv->activation_min : value;
            output[c++] = (int8_t)(raised > conv->activation_max ? conv->activation_max : raised);
            record = last + 1;
        }
    }
}
