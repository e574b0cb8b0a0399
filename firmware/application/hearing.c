/*
 * The front end's stream goes on from window to window where they overlap. Where they do not it begins anew a second before
 * the next one ends, and the frames between are not computed.
 *
 * The k-th sample at the network's rate comes out of the decimators with sample (k - 1) * factor + 1 of the source, counted
 * from where the sound path began: at a multiple of the factor as many have come as that many samples hold.
 */
#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/hearing.h"

static uint64_t second(const hearing_t *hearing)
{
    return (uint64_t)EDGEL3_SAMPLE_RATE * hearing->factor;
}

/* The first place from `at` on that is a whole number of samples at the network's rate. */
static uint64_t aligned(const hearing_t *hearing, uint64_t at)
{
    const uint64_t over = (at - hearing->origin) % hearing->factor;
    return over == 0 ? at : at + hearing->factor - over;
}

static void begin_stream(hearing_t *hearing, uint64_t at)
{
    edgel3_begin(hearing->network);
    hearing->stream_at = at;
    hearing->window_at = at + second(hearing);
}

/* Whether samples reach the front end; up to the next whole sample at the network's rate none comes out anyway. */
static bool is_streaming(const hearing_t *hearing)
{
    return !hearing->is_lent && aligned(hearing, hearing->taken) >= hearing->stream_at;
}

/* Choose the next window's end: a hop behind the last one's, or as soon as can be. */
static void plan(hearing_t *hearing, bool goes_on)
{
    const uint64_t now = aligned(hearing, hearing->taken);
    const uint64_t wanted = hearing->has_last ? hearing->last_window + hearing->hop : now + second(hearing);
    if (wanted >= now + second(hearing)) {
        begin_stream(hearing, wanted - second(hearing));
    } else if (!goes_on) {
        begin_stream(hearing, now);
    } else {
        const uint64_t first = hearing->stream_at + second(hearing);
        const uint64_t step = (uint64_t)EDGEL3_HOP * hearing->factor;
        const uint64_t least = wanted > now ? wanted : now;
        hearing->window_at = least <= first ? first : first + (least - first + step - 1) / step * step;
    }
}

/* A hop in ms in samples of the source: below a second it is a multiple of the front end's. */
static uint32_t hop_of(const hearing_t *hearing, uint32_t hop_ms)
{
    const uint32_t samples = hop_ms * (EDGEL3_SAMPLE_RATE / 1000u);
    const uint32_t steps = (samples + EDGEL3_HOP - 1u) / EDGEL3_HOP;
    return (samples < EDGEL3_SAMPLE_RATE ? steps * EDGEL3_HOP : samples) * hearing->factor;
}

void hearing_start(hearing_t *hearing, edgel3_t *network)
{
    hearing->network = network;
    hearing->factor = (uint32_t)sound_tables.rate / EDGEL3_SAMPLE_RATE;
    hearing->taken = 0;
    hearing->lost = 0;
}

void hearing_begin(hearing_t *hearing, bool is_microphone, int32_t gain, uint32_t hop_ms, uint32_t interval)
{
    if (is_microphone) {
        sound_start_microphone(&hearing->sound, &sound_tables, gain);
    } else {
        sound_start(&hearing->sound, &sound_tables, gain);
    }
    hearing->origin = hearing->taken;
    hearing->hop = hop_of(hearing, hop_ms);
    hearing->interval = interval;
    hearing->has_last = false;
    hearing->is_lent = false;
    hearing->has_report = false;
    hearing->asleep = 0;
    plan(hearing, false);
    hearing->gap = true;
}

void hearing_set_hop(hearing_t *hearing, uint32_t hop_ms)
{
    hearing->hop = hop_of(hearing, hop_ms);
    if (hearing->has_last) {
        plan(hearing, is_streaming(hearing));
    }
}

static uint32_t smaller(uint32_t a, uint64_t b)
{
    return b < a ? (uint32_t)b : a;
}

/* What passed asleep counts for the interval, if anything was heard of it. */
static bool report_is_over(const hearing_t *hearing)
{
    const uint64_t seconds = (uint64_t)(uint32_t)hearing->sound.level.seconds;
    const uint64_t rate = (uint32_t)sound_tables.rate;
    return seconds > 0 && seconds * rate + hearing->asleep >= hearing->interval * rate;
}

/* Levels are those of the very second in which an interval ends, even if the report is told later. */
static void note_report(hearing_t *hearing)
{
    if (report_is_over(hearing) && !hearing->has_report) {
        hearing->report = sound_report(&hearing->sound);
        hearing->has_report = true;
    }
}

void hearing_set_interval(hearing_t *hearing, uint32_t interval)
{
    hearing->interval = interval;
    note_report(hearing);
}

void hearing_end_report(hearing_t *hearing)
{
    hearing->has_report = false;
    hearing->asleep = 0;
    note_report(hearing);
}

void hearing_sleep(hearing_t *hearing, uint64_t count)
{
    const uint64_t whole = count - count % hearing->factor;
    hearing->taken += whole;
    hearing->asleep += whole;
    hearing->gap = true;
    begin_stream(hearing, aligned(hearing, hearing->taken) + second(hearing));
    note_report(hearing);
}

uint32_t hearing_wanted(const hearing_t *hearing)
{
    if (report_is_over(hearing)) {
        return 0;
    }
    const uint32_t left = smaller(HEARING_BLOCK, (uint64_t)sound_level_left(&hearing->sound.level));
    if (hearing->is_lent) {
        return left;
    }
    return smaller(left, (is_streaming(hearing) ? hearing->window_at : hearing->stream_at) - hearing->taken);
}

/* So many samples have become PCM at the network's rate. */
static void proceed(hearing_t *hearing, uint32_t count, const int16_t *pcm, int32_t outputs)
{
    const bool streams = is_streaming(hearing);
    hearing->taken += count;
    if (streams) {
        edgel3_push(hearing->network, pcm, (uint32_t)outputs);
    }
    note_report(hearing);
}

void hearing_take_played(hearing_t *hearing, int16_t *samples, uint32_t count)
{
    proceed(hearing, count, samples, sound_run_16(&hearing->sound, samples, (int32_t)count, samples));
}

void hearing_take_heard(hearing_t *hearing, const microphone_sample_t *samples, uint32_t count, int16_t *pcm)
{
    proceed(hearing, count, pcm, sound_run(&hearing->sound, samples, (int32_t)count, pcm));
}

void hearing_lose(hearing_t *hearing, uint32_t count)
{
    hearing->lost += count;
    hearing->gap = true;
    if (is_streaming(hearing)) {
        begin_stream(hearing, aligned(hearing, hearing->taken));
    }
}

bool hearing_is_due(const hearing_t *hearing)
{
    return !hearing->is_lent && hearing->taken == hearing->window_at;
}

void hearing_make_input(hearing_t *hearing, int8_t *input)
{
    edgel3_window(hearing->network, input);
    hearing->last_window = hearing->window_at;
    hearing->has_last = true;
    hearing->gap = false;
    hearing->is_lent = !EDGEL3_STREAMS;
    if (!hearing->is_lent) {
        plan(hearing, true);
    }
}

void hearing_go_on(hearing_t *hearing)
{
    if (hearing->is_lent) {
        hearing->is_lent = false;
        plan(hearing, false);
        hearing->gap = hearing->gap || hearing->window_at > hearing->last_window + hearing->hop;
    }
}

#endif
