/*
 * A symmetric low-pass filter of which only every factor-th output is computed (SMLALD, two taps at a time).
 *
 * Layout: taps are Q16, in the order of the samples that they meet, a multiple of eight. Samples wait in a line
 * that begins with the first one that the next output needs. Two outputs at a time share the loads of taps.
 *
 * Bounds: sums have 64 bits. The generator checks that taps are int16 and what |taps| sum up to; with 32 bits
 * the longer filter could overflow.
 *
 * Cost: per output and pair of taps 2.5 instructions in the loop; the whole in docs/sound.md.
 */
#include "simd.h"
#include "sound/sound.h"

enum { FRACTION = 16 };

void sound_decimate_start(sound_stage_t *stage, const sound_filter_t *filter)
{
    stage->filter = filter;
    stage->filled = filter->length - 1;
    for (int32_t i = 0; i < SOUND_LINE; i++) {
        stage->line[i] = 0;
    }
}

EDGEL3_INLINE uint32_t pair(const int16_t *samples)
{
    uint32_t word;
    __builtin_memcpy(&word, samples, sizeof word);
    return word;
}

EDGEL3_INLINE int16_t rounded(int64_t sum)
{
    const int64_t value = (sum + (1 << (FRACTION - 1))) >> FRACTION;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static int16_t one(const sound_filter_t *filter, const int16_t *samples)
{
    int64_t sum = 0;
    for (int32_t k = 0; k < filter->length; k += 2) {
        sum = edgel3_smlald(pair(filter->taps + k), pair(samples + k), sum);
    }
    return rounded(sum);
}

/* Four taps of two outputs. */
EDGEL3_INLINE void four(
    const int16_t *taps, const int16_t *samples, const int16_t *next, int64_t *first, int64_t *second)
{
    for (int32_t k = 0; k < 4; k += 2) {
        const uint32_t tap = pair(taps + k);
        *first = edgel3_smlald(tap, pair(samples + k), *first);
        *second = edgel3_smlald(tap, pair(next + k), *second);
    }
}

static void two(const sound_filter_t *filter, const int16_t *samples, int16_t *output)
{
    const int16_t *taps = filter->taps, *end = taps + filter->length;
    const int16_t *next = samples + filter->factor;
    int64_t first = 0, second = 0;
    while (taps != end) {
        four(taps, samples, next, &first, &second);
        four(taps + 4, samples + 4, next + 4, &first, &second);
        taps += 8;
        samples += 8;
        next += 8;
    }
    output[0] = rounded(first);
    output[1] = rounded(second);
}

/* All outputs that the line has the samples for; then what is left moves to its front. */
EDGEL3_PLAIN_LOOPS
static int32_t drain(sound_stage_t *stage, int16_t *output)
{
    const sound_filter_t *filter = stage->filter;
    int16_t *line = stage->line;
    if (stage->filled < filter->length) {
        return 0;
    }
    const int32_t outputs = (stage->filled - filter->length) / filter->factor + 1;
    int32_t done = 0;
    for (; done + 2 <= outputs; done += 2) {
        two(filter, line + done * filter->factor, output + done);
    }
    if (done < outputs) {
        output[done] = one(filter, line + done * filter->factor);
    }
    const int32_t used = outputs * filter->factor;
    stage->filled -= used;
    for (int32_t i = 0; i < stage->filled; i += 2) {
        const uint32_t word = pair(line + used + i);
        __builtin_memcpy(line + i, &word, sizeof word);
    }
    return outputs;
}

EDGEL3_PLAIN_LOOPS
int32_t sound_decimate(sound_stage_t *stage, const int16_t *input, int32_t count, int16_t *output)
{
    int32_t outputs = 0;
    while (count > 0) {
        const int32_t room = SOUND_LINE - 1 - stage->filled, taken = count < room ? count : room;
        for (int32_t i = 0; i < taken; i++) {
            stage->line[stage->filled + i] = input[i];
        }
        stage->filled += taken;
        input += taken;
        count -= taken;
        outputs += drain(stage, output + outputs);
    }
    return outputs;
}
