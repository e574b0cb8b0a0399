/*
 * Where samples come from, and who has the network. What follows from the samples is in hearing.c, what becomes of it in
 * recorder.c.
 *
 * Settings are read at the start and when they change, between two pieces of work: the next sample is the first for which
 * they count.
 */
#include "application/sensor.h"

#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/duty.h"
#include "application/hearing.h"
#include "application/recorder.h"
#include "board.h"
#include "drivers/microphone.h"
#include "link/bytes.h"
#include "settings/settings.h"

enum {
    /** Seconds without a request that uses the network's tensors, or plays, until the sensor goes on by itself. */
    SENSOR_REST = 60,
    /** For what part of a second the next run waits for who was refused this one. */
    YIELD_PART = 2,
};

#ifdef BOARD_MICROPHONE_RATE
#ifdef BOARD_DMA_RAM_SIZE
/* The serial port's ring and the like have what is left. */
enum { RING = (BOARD_DMA_RAM_SIZE - 4096u) / sizeof(microphone_sample_t) };
static microphone_sample_t ring[RING] __attribute__((section(".dma")));
#else
enum { RING = 6144 };
static microphone_sample_t ring[RING];
#endif
#else
enum { RING = 0 };
static microphone_sample_t *const ring = 0;
#endif

static int16_t block[HEARING_BLOCK];
/* Where samples of the microphone become PCM: in place, where they have 16 bits. */
#ifdef BOARD_MICROPHONE_I2S
static microphone_sample_t heard[HEARING_BLOCK];
#else
static microphone_sample_t *const heard = block;
#endif
static sensor_parts_t parts;
static hearing_t hearing;

static link_sensor_state_t state;
static link_sensor_state_t before_rest;
static bool has_microphone;
/* When the host last used the network's tensors, or played. */
static uint64_t used_at;
/* Whether somebody was refused the network and has not come again, and when the last run was over. */
static bool is_awaited;
static uint64_t run_ended_at;

static uint32_t revision;
static int32_t gain;
/* What the microphone had lost when it was last asked. */
static uint32_t microphone_had_lost;

static uint32_t hop_ms(void)
{
    return (uint32_t)settings_value(SETTING_HOP);
}

static uint32_t interval_seconds(void)
{
    return (uint32_t)settings_value(SETTING_REPORT_INTERVAL);
}

static void begin_hearing(void)
{
    gain = settings_value(SETTING_GAIN);
    hearing_begin(&hearing, state != LINK_SENSOR_PLAYING, gain, hop_ms(), interval_seconds());
}

/* The host's runs leave nothing behind, and neither do the sensor's: each asks for its own. */
static void forget_results(void)
{
    parts.inference->loaded = 0;
    parts.inference->has_output = false;
    parts.inference->has_checksums = false;
    *parts.audio = (audio_t){.loaded = 0};
}

static bool start_microphone(void)
{
    microphone_had_lost = 0;
    return microphone_start(&parts.clocks, ring, RING);
}

/* A silent past, and no labels yet. */
static void begin(void)
{
    revision = settings_revision();
    forget_results();
    begin_hearing();
    recorder_read_settings();
    recorder_begin(&hearing);
    if (state == LINK_SENSOR_LISTENING && !start_microphone()) {
        state = LINK_SENSOR_NO_SOURCE;
    }
    duty_begin(&(duty_clock_t){parts.inference->read_counter, parts.counter_hz, parts.is_quiet});
    if (state == LINK_SENSOR_LISTENING && duty_is_set()) {
        hearing_sleep(&hearing, 0);
    }
}

/* The time asleep, in samples of the source, has passed. */
static void end_sleep(void)
{
    const uint64_t counts = duty_end(&parts.clocks);
    hearing_sleep(&hearing, counts * (uint32_t)sound_tables.rate / parts.counter_hz);
}

static void begin_from_nothing(void)
{
    hearing_start(&hearing, parts.inference->network);
    recorder_start();
    begin();
}

void sensor_start(const sensor_parts_t *with)
{
    parts = *with;
    is_awaited = false;
    state = LINK_SENSOR_LISTENING;
    begin_from_nothing();
    has_microphone = state == LINK_SENSOR_LISTENING;
}

bool sensor_restart(link_sensor_source_t source)
{
    if (source == LINK_SOURCE_MICROPHONE && !has_microphone) {
        return false;
    }
    if (state == LINK_SENSOR_ASLEEP) {
        end_sleep();
    }
    state = source == LINK_SOURCE_LINK ? LINK_SENSOR_PLAYING : LINK_SENSOR_LISTENING;
    begin_from_nothing();
    used_at = parts.inference->read_counter();
    return true;
}

/* Compute what the samples so far complete. */
static void compute(void)
{
    if (hearing_is_due(&hearing)) {
        if (state == LINK_SENSOR_LISTENING && duty_is_set()) {
            state = LINK_SENSOR_ASLEEP;
            microphone_stop();
            duty_note_stop();
        }
        recorder_take_window(&hearing, parts.inference, parts.show_running);
        forget_results();
        run_ended_at = parts.inference->read_counter();
    }
    if (hearing.has_report) {
        recorder_take_report(&hearing);
    }
}

static void follow_settings(void)
{
    if (revision == settings_revision()) {
        return;
    }
    revision = settings_revision();
    recorder_read_settings();
    if (settings_value(SETTING_GAIN) != gain) {
        begin_hearing();
    } else {
        hearing_set_hop(&hearing, hop_ms());
        hearing_set_interval(&hearing, interval_seconds());
    }
    compute();
}

/* Take what the microphone has, as far as it is wanted. */
static void listen(void)
{
    const uint32_t wanted = hearing_wanted(&hearing);
    if (wanted == 0) {
        return;
    }
    const uint32_t taken = microphone_read(heard, wanted);
    const uint32_t lost = microphone_lost();
    if (lost != microphone_had_lost) {
        hearing_lose(&hearing, lost - microphone_had_lost);
        microphone_had_lost = lost;
    }
    if (taken > 0) {
        const uint64_t before = parts.inference->read_counter();
        hearing_take_heard(&hearing, heard, taken, block);
        recorder_count_busy(parts.inference->read_counter() - before);
    }
}

static bool is_left_alone(void)
{
    return parts.inference->read_counter() - used_at > (uint64_t)SENSOR_REST * parts.counter_hz;
}

/* A silent past; counts go on. */
static void go_on_as(link_sensor_state_t next)
{
    state = next;
    begin();
    used_at = parts.inference->read_counter();
}

static bool awaits_somebody(void)
{
    if (is_awaited && parts.inference->read_counter() - run_ended_at > parts.counter_hz / YIELD_PART) {
        is_awaited = false;
    }
    return is_awaited;
}

static void sleep_on(void)
{
    follow_settings();
    if (duty_sleep()) {
        end_sleep();
        state = start_microphone() ? LINK_SENSOR_LISTENING : LINK_SENSOR_NO_SOURCE;
    }
}

void sensor_work(void)
{
    if (state == LINK_SENSOR_ASLEEP) {
        sleep_on();
    }
    if (state == LINK_SENSOR_RESTING && is_left_alone()) {
        go_on_as(before_rest);
    }
    if (state == LINK_SENSOR_PLAYING && has_microphone && is_left_alone()) {
        go_on_as(LINK_SENSOR_LISTENING);
    }
    if (state == LINK_SENSOR_LISTENING) {
        follow_settings();
        listen();
        if (!awaits_somebody()) {
            compute();
        }
    }
}

bool sensor_is_computing(void)
{
    return recorder_is_running() && state != LINK_SENSOR_PLAYING;
}

void sensor_leave_out(uint64_t counts)
{
    recorder_leave_out(counts);
}

bool sensor_yields(void)
{
    is_awaited = sensor_is_computing();
    return !is_awaited;
}

void sensor_between_steps(void)
{
    if (recorder_is_running() && state == LINK_SENSOR_LISTENING) {
        listen();
    }
}

void sensor_rest(void)
{
    if (state == LINK_SENSOR_ASLEEP) {
        end_sleep();
        state = LINK_SENSOR_LISTENING;
    }
    if (state == LINK_SENSOR_LISTENING || state == LINK_SENSOR_PLAYING) {
        before_rest = state;
        state = LINK_SENSOR_RESTING;
    }
    used_at = parts.inference->read_counter();
}

bool sensor_is_playing(void)
{
    return state == LINK_SENSOR_PLAYING;
}

bool sensor_play(uint32_t offset, const uint8_t *data, uint32_t count)
{
    if (offset != (uint32_t)hearing.taken) {
        return offset + count == (uint32_t)hearing.taken;
    }
    follow_settings();
    while (count > 0) {
        const uint32_t wanted = hearing_wanted(&hearing);
        const uint32_t taken = count < wanted ? count : wanted;
        for (uint32_t i = 0; i < taken; i++) {
            block[i] = (int16_t)get_u16(data + 2 * i);
        }
        const uint64_t before = parts.inference->read_counter();
        hearing_take_played(&hearing, block, taken);
        recorder_count_busy(parts.inference->read_counter() - before);
        data += 2 * taken;
        count -= taken;
        compute();
    }
    used_at = parts.inference->read_counter();
    return true;
}

sensor_progress_t sensor_progress(void)
{
    return (sensor_progress_t){
        .state = state,
        .has_microphone = has_microphone,
        .rate = (uint32_t)sound_tables.rate,
        .samples = hearing.taken,
        .lost = hearing.lost,
        .hop = hearing.hop / hearing.factor,
    };
}

#else

void sensor_start(const sensor_parts_t *parts)
{
    (void)parts;
}

void sensor_work(void)
{
}

void sensor_between_steps(void)
{
}

bool sensor_is_computing(void)
{
    return false;
}

void sensor_leave_out(uint64_t counts)
{
    (void)counts;
}

bool sensor_yields(void)
{
    return true;
}

void sensor_rest(void)
{
}

#endif
