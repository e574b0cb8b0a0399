/*
 * The whole way of a block: conditioned, compensated, metered, decimated. Blocks are cut where a second of levels ends, so
 * that a clipped sample counts for the second that it lies in.
 */
#include "sound/sound.h"

void sound_start(sound_t *sound, const sound_tables_t *tables, int32_t gain)
{
    sound->tables = tables;
    sound_condition_start(&sound->condition, tables->mean_step, gain);
    sound_compensate_start(&sound->compensation, 0);
    sound->clipped = 0;
    sound->clipped_before = 0;
    sound_level_start(&sound->level, tables->weighting, tables->rate, gain);
    for (int32_t i = 0; i < tables->filter_count; i++) {
        sound_decimate_start(&sound->stages[i], &tables->filters[i]);
    }
}

void sound_start_microphone(sound_t *sound, const sound_tables_t *tables, int32_t gain)
{
    sound_start(sound, tables, gain);
    sound_compensate_start(&sound->compensation, tables->compensation);
}

/* Compensate, meter and decimate what was conditioned into `pcm`, no longer than the second in progress. */
static int32_t proceed(sound_t *sound, int16_t *pcm, int32_t count, uint32_t clipped)
{
    const uint32_t finished = sound->level.finished;
    if (sound->compensation.taps != 0) {
        clipped += sound_compensate(&sound->compensation, pcm, count);
    }
    sound->clipped += clipped;
    sound_level_run(&sound->level, pcm, count);
    if (sound->level.finished != finished) {
        sound->level.last.clipped = sound->clipped;
        sound->clipped_before += sound->clipped;
        sound->clipped = 0;
    }
    for (int32_t i = 0; i < sound->tables->filter_count; i++) {
        count = sound_decimate(&sound->stages[i], pcm, count, pcm);
    }
    return count;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

int32_t sound_run_24(sound_t *sound, const int32_t *samples, int32_t count, int16_t *pcm)
{
    int32_t outputs = 0;
    while (count > 0) {
        const int32_t taken = smaller(count, sound_level_left(&sound->level));
        const uint32_t clipped = sound_condition_24(&sound->condition, samples, taken, pcm + outputs);
        outputs += proceed(sound, pcm + outputs, taken, clipped);
        samples += taken;
        count -= taken;
    }
    return outputs;
}

int32_t sound_run_16(sound_t *sound, const int16_t *samples, int32_t count, int16_t *pcm)
{
    int32_t outputs = 0;
    while (count > 0) {
        const int32_t taken = smaller(count, sound_level_left(&sound->level));
        const uint32_t clipped = sound_condition_16(&sound->condition, samples, taken, pcm + outputs);
        outputs += proceed(sound, pcm + outputs, taken, clipped);
        samples += taken;
        count -= taken;
    }
    return outputs;
}

sound_levels_t sound_report(sound_t *sound)
{
    sound_levels_t levels = sound_level_report(&sound->level);
    levels.clipped = sound->clipped_before;
    sound->clipped_before = 0;
    return levels;
}

sound_levels_t sound_calibrated(sound_levels_t levels, int32_t calibration)
{
    levels.laeq += calibration;
    levels.lafmax += calibration;
    levels.l10 += calibration;
    levels.l50 += calibration;
    levels.l90 += calibration;
    return levels;
}
