/*
 * Sound levels: the A curve of IEC 61672-1, equivalent level, fast time weighting, maximum and percentiles.
 *
 * A sample passes four first-order high-passes (the curve's low poles) and one biquad fitted to the rest, as
 * transposed direct form II in float32. Each operation is one IEEE addition, subtraction or multiplication in
 * the order written here: build with -ffp-contract=off, and every machine gives the same bits, as does the
 * twin, edgel3_deploy/audio/sound_level.py. Energies of 10 ms steps are added up as integers.
 *
 * Layout: a second has SOUND_STEPS steps, whose fast levels are kept for the second's percentiles; when it
 * is whole they are counted in bins of 0.1 dB for the report's. L10 is what 10 % of the steps reach or exceed.
 *
 * Bounds: tests check on the coefficients that a step's energy is below 2^47 and a second's below 2^48; so a
 * report may have 65,536 seconds. Nothing is divided by a variable, no library is called.
 *
 * Cost: in docs/sound.md.
 */
#include "sound/sound.h"

enum { FRACTION = 16, LOG2_BITS = 16 };

/* 1/100 dB in one octave of energy, 1000 log10(2), as Q16. */
static const int32_t HUNDREDTHS = 19728302;

int32_t sound_log2(uint64_t value)
{
    const int32_t exponent = 63 - __builtin_clzll(value);
    uint32_t mantissa = (uint32_t)(exponent > 31 ? value >> (exponent - 31) : value << (31 - exponent));
    int32_t result = exponent;
    for (int32_t bit = 0; bit < LOG2_BITS; bit++) {
        const uint64_t square = (uint64_t)mantissa * mantissa;
        const uint32_t carry = (uint32_t)(square >> 63);
        mantissa = (uint32_t)(square >> (31 + carry));
        result = result * 2 + (int32_t)carry;
    }
    return result;
}

/* A float that is not negative, below 2^47, as fixed-point number, rounded down. */
static uint64_t fixed(float value)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    const int32_t left = (int32_t)(bits >> 23) - 127 - 23 + FRACTION;
    const uint64_t mantissa = (bits & 0x7FFFFFU) | 0x800000U;
    return left >= 0 ? mantissa << left : left > -24 ? mantissa >> -left : 0U;
}

/* The level of `energy` over `samples`, SOUND_LOWEST at least. */
static int32_t decibels(uint64_t energy, uint64_t samples, int32_t offset)
{
    if (energy == 0U || samples == 0U) {
        return SOUND_LOWEST;
    }
    const int64_t octaves = (int64_t)sound_log2(energy) - sound_log2(samples) + offset;
    const int32_t level = (int32_t)((octaves * HUNDREDTHS + (1LL << 31)) >> 32);
    return level < SOUND_LOWEST ? SOUND_LOWEST : level;
}

void sound_level_start(sound_level_t *level, const sound_weighting_t *weighting, int32_t rate, int32_t gain)
{
    level->weighting = weighting;
    level->rate = rate;
    level->offset = weighting->offset + 2 * ((16 << LOG2_BITS) - sound_log2((uint64_t)gain));
    for (int32_t i = 0; i < SOUND_POLES; i++) {
        level->high_pass[i] = 0.0F;
    }
    level->s1 = 0.0F;
    level->s2 = 0.0F;
    level->fast = 0.0F;
    level->energy = 0.0F;
    level->loudest = 0.0F;
    level->samples = 0;
    level->second = (sound_sum_t){0U, 0.0F};
    level->steps = 0;
    level->finished = 0U;
    level->seconds = 0U;
    level->last = sound_level_report(level);
}

static void weigh(sound_level_t *level, const int16_t *samples, int32_t count)
{
    const sound_weighting_t *w = level->weighting;
    const float p0 = w->poles[0], p1 = w->poles[1], p2 = w->poles[2], p3 = w->poles[3];
    float h0 = level->high_pass[0], h1 = level->high_pass[1], h2 = level->high_pass[2], h3 = level->high_pass[3];
    float s1 = level->s1, s2 = level->s2, fast = level->fast;
    float energy = level->energy, loudest = level->loudest;
    for (int32_t i = 0; i < count; i++) {
        const float x = (float)samples[i];
        const float x0 = x + h0;
        h0 = p0 * x0 - x;
        const float x1 = x0 + h1;
        h1 = p1 * x1 - x0;
        const float x2 = x1 + h2;
        h2 = p2 * x2 - x1;
        const float x3 = x2 + h3;
        h3 = p3 * x3 - x2;
        const float y = x3 + s1;
        s1 = (w->b1 * x3 - w->a1 * y) + s2;
        s2 = w->b2 * x3 - w->a2 * y;
        const float square = y * y;
        energy += square;
        fast = w->rise * square + w->decay * fast;
        loudest = fast > loudest ? fast : loudest;
    }
    level->high_pass[0] = h0;
    level->high_pass[1] = h1;
    level->high_pass[2] = h2;
    level->high_pass[3] = h3;
    level->s1 = s1;
    level->s2 = s2;
    level->fast = fast;
    level->energy = energy;
    level->loudest = loudest;
}

static float louder(float a, float b)
{
    return a > b ? a : b;
}

static void end_second(sound_level_t *level)
{
    /* Loudest first: the steps before place n reach or exceed the level at it. */
    int16_t *levels = level->levels;
    for (int32_t i = 1; i < SOUND_STEPS; i++) {
        const int16_t moved = levels[i];
        int32_t place = i;
        for (; place > 0 && levels[place - 1] < moved; place--) {
            levels[place] = levels[place - 1];
        }
        levels[place] = moved;
    }
    level->last = (sound_levels_t){
        .laeq = decibels(level->second.energy, (uint64_t)level->rate, level->offset),
        .lafmax = decibels(fixed(level->second.loudest), 1U, level->offset),
        .l10 = levels[SOUND_STEPS / 10 - 1],
        .l50 = levels[SOUND_STEPS / 2 - 1],
        .l90 = levels[SOUND_STEPS * 9 / 10 - 1],
    };
    level->finished++;
    for (int32_t i = 0; i < SOUND_STEPS; i++) {
        const int32_t bin = (levels[i] - SOUND_LOWEST) / SOUND_BIN;
        level->histogram[bin < SOUND_BINS ? bin : SOUND_BINS - 1]++;
    }
    level->report.energy += level->second.energy >> FRACTION;
    level->report.loudest = louder(level->report.loudest, level->second.loudest);
    level->seconds++;
    level->second = (sound_sum_t){0U, 0.0F};
    level->steps = 0;
}

static void end_step(sound_level_t *level)
{
    level->levels[level->steps] = (int16_t)decibels(fixed(level->fast), 1U, level->offset);
    level->second.energy += fixed(level->energy);
    level->second.loudest = louder(level->second.loudest, level->loudest);
    level->energy = 0.0F;
    level->loudest = 0.0F;
    level->samples = 0;
    if (++level->steps == SOUND_STEPS) {
        end_second(level);
    }
}

void sound_level_run(sound_level_t *level, const int16_t *samples, int32_t count)
{
    const int32_t step = level->rate / SOUND_STEPS;
    while (count > 0) {
        const int32_t left = step - level->samples, taken = count < left ? count : left;
        weigh(level, samples, taken);
        level->samples += taken;
        samples += taken;
        count -= taken;
        if (level->samples == step) {
            end_step(level);
        }
    }
}

int32_t sound_level_left(const sound_level_t *level)
{
    return level->rate / SOUND_STEPS * (SOUND_STEPS - level->steps) - level->samples;
}

/* The middle of the bin in which the steps from the loudest on reach a share of `percent`. */
static int32_t exceeded(const sound_level_t *level, uint32_t percent)
{
    const uint64_t wanted = (uint64_t)level->seconds * SOUND_STEPS * percent / 100U;
    uint64_t counted = 0U;
    int32_t bin = SOUND_BINS;
    while (bin > 0 && counted < wanted) {
        counted += level->histogram[--bin];
    }
    return bin * SOUND_BIN + SOUND_LOWEST + SOUND_BIN / 2;
}

sound_levels_t sound_level_report(sound_level_t *level)
{
    sound_levels_t levels = {SOUND_LOWEST, SOUND_LOWEST, SOUND_LOWEST, SOUND_LOWEST, SOUND_LOWEST, 0U};
    if (level->seconds > 0U) {
        const uint64_t samples = (uint64_t)level->seconds * (uint32_t)level->rate;
        levels = (sound_levels_t){
            .laeq = decibels(level->report.energy, samples, level->offset + (FRACTION << LOG2_BITS)),
            .lafmax = decibels(fixed(level->report.loudest), 1U, level->offset),
            .l10 = exceeded(level, 10U),
            .l50 = exceeded(level, 50U),
            .l90 = exceeded(level, 90U),
        };
    }
    level->report = (sound_sum_t){0U, 0.0F};
    level->seconds = 0U;
    for (int32_t bin = 0; bin < SOUND_BINS; bin++) {
        level->histogram[bin] = 0U;
    }
    return levels;
}
