/**
 * @file sound.h
 * @brief From a microphone's samples to PCM at the network's rate and to sound levels.
 *
 * Samples lose their mean and are amplified to int16 (condition.c), get back what the microphone's filter took from
 * high frequencies (compensate.c), are metered at the microphone's rate (level.c), then decimated (decimate.c). Blocks may have any size: the same samples give the same results,
 * bit by bit, however they are cut. Tables come from generated code and differ by rate only. Nothing here
 * knows a board. Twins in Python: edgel3_deploy/audio/condition.py, compensate.py, decimate.py and
 * sound_level.py.
 */
#ifndef EDGEL3_SOUND_H
#define EDGEL3_SOUND_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SOUND_STAGES = 2,
    SOUND_MAX_TAPS = 256,
    /* Samples that a stage takes at once: its history is moved once for each. */
    SOUND_BLOCK = 192,
    SOUND_LINE = SOUND_MAX_TAPS + SOUND_BLOCK,
    /* Taps of a compensation. */
    SOUND_COMPENSATION = 16,
    SOUND_POLES = 4,
    /* Steps of 10 ms, at each of which the fast level is noted. */
    SOUND_STEPS = 100,
    /* Levels are 1/100 dB; 0 is a sine of full scale. */
    SOUND_LOWEST = -11000,
    SOUND_BIN = 10,
    SOUND_BINS = 1224,
    /* A gain of 1. */
    SOUND_UNITY = 1 << 16,
    SOUND_MAX_GAIN = 1 << 22,
};

/** One stage of decimation: Q16 taps, a multiple of eight of them. */
typedef struct {
    const int16_t *taps;
    int32_t length;
    int32_t factor;
} sound_filter_t;

/** The A curve at one rate: four first-order high-passes, one biquad whose b0 is 1, and the fast average. */
typedef struct {
    float poles[SOUND_POLES];
    float b1, b2, a1, a2;
    float rise, decay;
    /* log2 in Q16, added to that of an energy: filter's gain at 1 kHz, and full scale. */
    int32_t offset;
} sound_weighting_t;

/** What depends on the rates of microphone and network. */
typedef struct {
    int32_t rate;
    /* What the mean takes of each difference, Q32. */
    int32_t mean_step;
    /* Of the microphone's filter; a null pointer for one that is flat. */
    const int16_t *compensation;
    const sound_weighting_t *weighting;
    const sound_filter_t *filters;
    int32_t filter_count;
} sound_tables_t;

/** The tables of this image, generated. */
extern const sound_tables_t sound_tables;

/** Sound levels in 1/100 dB, and how many samples were clipped meanwhile. */
typedef struct {
    int32_t laeq, lafmax, l10, l50, l90;
    uint32_t clipped;
} sound_levels_t;

/* ---- condition.c ---- */

/** The mean of the samples and what it takes of each difference, Q32; the gain, Q16. */
typedef struct {
    int64_t mean;
    int32_t step;
    int32_t gain;
} sound_condition_t;

/** Begin with a mean of zero; `gain` is 1 ... SOUND_MAX_GAIN. */
void sound_condition_start(sound_condition_t *condition, int32_t mean_step, int32_t gain);

/** Samples of 24 bits, sign-extended, to PCM; how many were clipped. */
uint32_t sound_condition_24(sound_condition_t *condition, const int32_t *samples, int32_t count, int16_t *pcm);

/** The same for samples of 16 bits, which may be where the PCM goes. */
uint32_t sound_condition_16(sound_condition_t *condition, const int16_t *samples, int32_t count, int16_t *pcm);

/* ---- compensate.c ---- */

/** Q13 taps, and a line that begins with the oldest sample that the next output needs. */
typedef struct {
    const int16_t *taps;
    int16_t line[SOUND_COMPENSATION - 1 + SOUND_BLOCK];
} sound_compensation_t;

/** Begin with a silent past. */
void sound_compensate_start(sound_compensation_t *compensation, const int16_t *taps);

/** Filter `count` samples in place; how many had to be limited. */
uint32_t sound_compensate(sound_compensation_t *compensation, int16_t *pcm, int32_t count);

/* ---- decimate.c ---- */

/** `line` begins with the oldest sample that the next output needs. */
typedef struct {
    const sound_filter_t *filter;
    int32_t filled;
    int16_t line[SOUND_LINE];
} sound_stage_t;

/** Begin with a silent past. */
void sound_decimate_start(sound_stage_t *stage, const sound_filter_t *filter);

/** Decimate `count` samples; how many came out. `output` may be `input`. */
int32_t sound_decimate(sound_stage_t *stage, const int16_t *input, int32_t count, int16_t *output);

/* ---- level.c ---- */

/** A sum of squares, of 16 bits of fraction in a second's and of none in a report's; the highest fast average. */
typedef struct {
    uint64_t energy;
    float loudest;
} sound_sum_t;

typedef struct {
    const sound_weighting_t *weighting;
    int32_t rate;
    int32_t offset;
    /* State of the filters, and the fast average. */
    float high_pass[SOUND_POLES];
    float s1, s2;
    float fast;
    /* The step in progress. */
    float energy, loudest;
    int32_t samples;
    /* The second in progress; its fast levels, uncalibrated. */
    sound_sum_t second;
    int32_t steps;
    int16_t levels[SOUND_STEPS];
    /* Whole seconds since the last report. */
    sound_sum_t report;
    uint32_t seconds;
    uint32_t histogram[SOUND_BINS];
    /* Of the last whole second, and how many there were. */
    sound_levels_t last;
    uint32_t finished;
} sound_level_t;

/** Begin in silence; levels are of the samples before they were multiplied by `gain`. */
void sound_level_start(sound_level_t *level, const sound_weighting_t *weighting, int32_t rate, int32_t gain);

/** Meter samples. Whenever a second is whole, `last` has its levels and `finished` counts it. */
void sound_level_run(sound_level_t *level, const int16_t *samples, int32_t count);

/** Samples until the second in progress is whole. */
int32_t sound_level_left(const sound_level_t *level);

/** Levels of the whole seconds since the last call, SOUND_LOWEST without any; then begin anew. */
sound_levels_t sound_level_report(sound_level_t *level);

/** log2 of a positive number as Q16, rounded down. */
int32_t sound_log2(uint64_t value);

/* ---- sound.c ---- */

typedef struct {
    const sound_tables_t *tables;
    sound_condition_t condition;
    sound_compensation_t compensation;
    sound_level_t level;
    sound_stage_t stages[SOUND_STAGES];
    /* Clipped samples of the second in progress, and of whole seconds since the last report. */
    uint32_t clipped, clipped_before;
} sound_t;

/** Begin with a silent past, at this gain, with samples that are as they sounded. */
void sound_start(sound_t *sound, const sound_tables_t *tables, int32_t gain);

/** Begin so with samples of the microphone, whose filter is compensated. */
void sound_start_microphone(sound_t *sound, const sound_tables_t *tables, int32_t gain);

/**
 * Take samples of 24 bits; how many of PCM at the network's rate came out.
 *
 * `pcm` has room for `count`. Levels of a second are in `level.last` when `level.finished` has grown.
 */
int32_t sound_run_24(sound_t *sound, const int32_t *samples, int32_t count, int16_t *pcm);

/** The same for samples of 16 bits, which may be where the PCM goes. */
int32_t sound_run_16(sound_t *sound, const int16_t *samples, int32_t count, int16_t *pcm);

/** The one of the two that takes such samples. */
#define sound_run(sound, samples, count, pcm)                                                                          \
    _Generic((samples),                                                                                                \
        int16_t *: sound_run_16,                                                                                       \
        const int16_t *: sound_run_16,                                                                                 \
        int32_t *: sound_run_24,                                                                                       \
        const int32_t *: sound_run_24)(sound, samples, count, pcm)

/** Levels of the whole seconds since the last call; then begin anew. */
sound_levels_t sound_report(sound_t *sound);

/** The levels moved by a calibration in 1/100 dB. */
sound_levels_t sound_calibrated(sound_levels_t levels, int32_t calibration);

#endif
