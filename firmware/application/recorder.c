/* A window of which no record can be made, because the network failed, is a gap before the next one. */
#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/recorder.h"

#include "application/records.h"
#include "application/summaries.h"
#include "head/label_state.h"
#include "settings/settings.h"

enum {
    LABEL_COUNT = EDGEL3_LABEL_COUNT,
    /** Labels that have settings of their own. */
    OWN_THRESHOLDS = SETTING_THRESHOLD_OFF - SETTING_THRESHOLD_ON,
};

static head_settings_t thresholds;
static head_state_t labels;
/* What had been lost when the interval began. */
static uint32_t interval_lost;
/* Since the record before. What a run leaves out may come before its time does: modulo 2^64 the sum is right. */
static uint64_t busy;
static bool is_running;

static void begin_interval(const hearing_t *hearing)
{
    interval_lost = hearing->lost;
    summaries_begin();
}

void recorder_start(void)
{
    records_start();
    summaries_start();
    busy = 0;
}

void recorder_begin(const hearing_t *hearing)
{
    head_state_reset(&labels);
    begin_interval(hearing);
}

void recorder_read_settings(void)
{
    thresholds.smoothing = (uint8_t)settings_value(SETTING_SMOOTHING);
    for (uint32_t i = 0; i < HEAD_MOST_LABELS; i++) {
        const bool own = i < OWN_THRESHOLDS;
        const int32_t on = own ? settings_value(SETTING_THRESHOLD_ON + i) : settings_default(SETTING_THRESHOLD_ON);
        const int32_t off = own ? settings_value(SETTING_THRESHOLD_OFF + i) : settings_default(SETTING_THRESHOLD_OFF);
        thresholds.thresholds[i] = (head_threshold_t){(uint8_t)on, (uint8_t)(off < on ? off : on)};
    }
}

void recorder_count_busy(uint64_t counts)
{
    busy += is_running ? 0 : counts;
}

void recorder_leave_out(uint64_t counts)
{
    busy -= counts;
}

bool recorder_is_running(void)
{
    return is_running;
}

/* The mean of each band over the window's frames, rounded down. */
static void average_bands(const int8_t *input, int8_t *bands)
{
    for (uint32_t band = 0; band < EDGEL3_BANDS; band++) {
        int32_t sum = 0;
        for (uint32_t frame = 0; frame < EDGEL3_FRAMES; frame++) {
            sum += *input++;
        }
        const int32_t rest = sum % EDGEL3_FRAMES;
        bands[band] = (int8_t)(sum / EDGEL3_FRAMES - (rest < 0 ? 1 : 0));
    }
}

static sound_levels_t calibrated(sound_levels_t levels)
{
    return sound_calibrated(levels, settings_value(SETTING_CALIBRATION));
}

/* What is known of the window that is due, before the network runs. */
static record_t observe(const hearing_t *hearing)
{
    const bool metered = hearing->sound.level.finished > 0;
    return (record_t){
        .end = hearing->window_at / hearing->factor,
        .lost = hearing->lost,
        .flags = (uint8_t)((hearing->gap ? RECORD_FLAG_GAP : 0) | (metered ? RECORD_FLAG_LEVELS : 0)),
        .levels = metered ? calibrated(hearing->sound.level.last) : hearing->sound.level.last,
    };
}

static void keep(record_t *record, const inference_t *inference)
{
    record->busy = busy;
    record->scores = inference->scores;
    record->state = &labels;
    record->embedding = inference->output;
    records_add(record);
    summaries_count(&labels);
    busy = 0;
}

void recorder_take_window(hearing_t *hearing, inference_t *inference, void (*show_running)(bool running))
{
    static int8_t bands[EDGEL3_BANDS];
    const uint64_t before = inference->read_counter();
    record_t record = observe(hearing);
    hearing_make_input(hearing, inference->input);
    average_bands(inference->input, bands);
    record.bands = bands;
    show_running(true);
    is_running = true;
    const bool worked = inference_run(inference, false) == 0;
    is_running = false;
    show_running(false);
    hearing_go_on(hearing);
    if (worked && LABEL_COUNT > 0) {
        head_state_take(&labels, &thresholds, inference->scores, LABEL_COUNT);
    }
    busy += inference->read_counter() - before;
    if (worked) {
        keep(&record, inference);
    } else {
        hearing->gap = true;
    }
}

void recorder_take_report(hearing_t *hearing)
{
    const uint64_t passed = hearing->taken + hearing->lost;
    const interval_t interval = {
        .seconds = (uint32_t)(passed / (uint32_t)sound_tables.rate),
        .lost = hearing->lost != interval_lost,
        .levels = calibrated(hearing->report),
    };
    summaries_add(&interval);
    begin_interval(hearing);
    hearing_end_report(hearing);
}

#endif
