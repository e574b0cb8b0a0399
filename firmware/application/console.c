/*
 * A command is at most LONGEST characters: the runner sends 31 bytes of input as "db " and 62 hexadecimal digits. A longer one
 * is read to its end and refused.
 */
#include "application/console.h"

#include "edgel3.h"

#if FIRMWARE_CONSOLE

#include <stdbool.h>
#include <stddef.h>

#include "application/requests.h"
#include "application/sensor.h"

enum {
    LONGEST = 80,
    MICRO = 1000000,
    DEFAULT_WARMUPS = 10,
    /* Bytes in a line of db print. */
    PRINTED = 8,
};

/* What a step of the output stands for, in thousand-millionths. */
#define OUTPUT_NANO ((int64_t)((double)EDGEL3_OUTPUT_SCALE * 1e9 + 0.5))

static char command[LONGEST + 1];
static uint32_t length;
static bool is_complete;
static uint32_t expected;

static void say_number(const link_session_t *session, uint64_t number)
{
    char digits[21];
    uint32_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0);
    link_say(session, digits + at);
}

/* A value in millionths. */
static void say_value(const link_session_t *session, int64_t micro)
{
    const uint64_t size = (uint64_t)(micro < 0 ? -micro : micro);
    if (micro < 0) {
        link_say(session, "-");
    }
    say_number(session, size / MICRO);
    char decimals[8] = ".";
    uint64_t rest = size % MICRO;
    for (uint32_t i = 6; i > 0; i--) {
        decimals[i] = (char)('0' + rest % 10u);
        rest /= 10u;
    }
    decimals[7] = '\0';
    link_say(session, decimals);
}

static void say_byte(const link_session_t *session, uint8_t byte)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char text[3] = {DIGITS[byte >> 4], DIGITS[byte & 15u], '\0'};
    link_say(session, text);
}

static inference_t *inference_of(const link_session_t *session)
{
    application_t *const application = session->context;
    return &application->inference;
}

/* The next word of the command from `*at` on, which is set behind it; NULL without one. */
static const char *next_word(char **at)
{
    char *start = *at;
    while (*start == ' ') {
        start++;
    }
    char *end = start;
    while (*end != ' ' && *end != '\0') {
        end++;
    }
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return *start == '\0' ? NULL : start;
}

static bool is(const char *word, const char *name)
{
    while (*word == *name && *word != '\0') {
        word++;
        name++;
    }
    return *word == *name;
}

/* A decimal number of at most nine digits; false for anything else. */
static bool parse(const char *word, uint32_t *number)
{
    *number = 0;
    uint32_t digits = 0;
    for (; word[digits] >= '0' && word[digits] <= '9' && digits < 9; digits++) {
        *number = *number * 10u + (uint32_t)(word[digits] - '0');
    }
    return digits > 0 && word[digits] == '\0';
}

static void say_time(const link_session_t *session)
{
    const application_t *const application = session->context;
    const uint64_t second = application->counter_hz;
    const uint64_t now = application->inference.read_counter();
    link_say(session, "m-lap-us-");
    say_number(session, now / second * MICRO + now % second * MICRO / second);
    link_say(session, "\r\n");
}

/* Millionths of a probability and of an element of the embedding, halves upwards. */
static int64_t score(int8_t value)
{
    return ((int64_t)(value + 128) * MICRO + 128) / 256;
}

static int64_t element(int8_t value)
{
    const int64_t steps = value - EDGEL3_OUTPUT_ZERO_POINT;
    return (steps * OUTPUT_NANO + (steps < 0 ? -500 : 500)) / 1000;
}

static void say_results(const link_session_t *session)
{
    const inference_t *const inference = inference_of(session);
    if (!inference->has_output) {
        link_say(session, "e-[no results: infer first]\r\n");
        return;
    }
    const bool labelled = EDGEL3_LABEL_COUNT > 0;
    const uint32_t count = labelled ? EDGEL3_LABEL_COUNT : edgel3_info.output_size;
    link_say(session, "m-results-[");
    for (uint32_t i = 0; i < count; i++) {
        link_say(session, i == 0 ? "" : ",");
        say_value(session, labelled ? score(inference->scores[i]) : element(inference->output[i]));
    }
    link_say(session, "]\r\n");
}

static bool run(const link_session_t *session, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const int32_t failed_layer = inference_run(inference_of(session), false);
        if (failed_layer != 0) {
            link_say(session, "e-[layer ");
            say_number(session, (uint32_t)failed_layer);
            link_say(session, " failed]\r\n");
            return false;
        }
    }
    return true;
}

static void say_count(const link_session_t *session, const char *before, uint32_t count, const char *behind)
{
    link_say(session, before);
    say_number(session, count);
    link_say(session, behind);
}

static void infer(const link_session_t *session, char *words)
{
    uint32_t count = 1;
    uint32_t warmups = DEFAULT_WARMUPS;
    const char *const first = next_word(&words);
    const char *const second = next_word(&words);
    if ((first != NULL && (!parse(first, &count) || count == 0)) || (second != NULL && !parse(second, &warmups))) {
        link_say(session, "e-[infer takes a number above 0 and a number of warmups]\r\n");
        return;
    }
    if (inference_of(session)->loaded < edgel3_info.input_size) {
        link_say(session, "e-[the input is not loaded]\r\n");
        return;
    }
    application_t *const application = session->context;
    application->show_running(true);
    say_count(session, "m-warmup-start-", warmups, "\r\n");
    bool done = run(session, warmups);
    if (done) {
        link_say(session, "m-warmup-done\r\n");
        say_count(session, "m-infer-start-", count, "\r\n");
        say_time(session);
        done = run(session, count);
    }
    if (done) {
        say_time(session);
        link_say(session, "m-infer-done\r\n");
        say_results(session);
    }
    application->show_running(false);
}

static void print(const link_session_t *session)
{
    const inference_t *const inference = inference_of(session);
    for (uint32_t i = 0; i < inference->loaded; i++) {
        link_say(session, i % PRINTED == 0 ? "m-buffer-" : "-");
        say_byte(session, (uint8_t)inference->input[i]);
        if (i % PRINTED == PRINTED - 1 || i + 1 == inference->loaded) {
            link_say(session, "\r\n");
        }
    }
}

static void load(const link_session_t *session, const char *word)
{
    uint32_t size;
    if (word == NULL || !parse(word, &size) || size != edgel3_info.input_size) {
        say_count(session, "e-[db load takes ", edgel3_info.input_size, ", the bytes of the input]\r\n");
        expected = 0;
        return;
    }
    expected = size;
    inference_of(session)->loaded = 0;
    say_count(session, "m-[Expecting ", size, " bytes]\r\n");
}

static int32_t digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    const char lower = (char)(character | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Asked before any is taken: who is refused may send the same bytes again. */
static bool are_pairs(const char *digits)
{
    uint32_t count = 0;
    while (digit(digits[count]) >= 0) {
        count++;
    }
    return digits[count] == '\0' && count % 2u == 0;
}

static void take_bytes(const link_session_t *session, const char *digits)
{
    inference_t *const inference = inference_of(session);
    if (expected == 0) {
        link_say(session, "e-[db load first]\r\n");
        return;
    }
    if (!are_pairs(digits)) {
        link_say(session, "e-[no pairs of hexadecimal digits]\r\n");
        return;
    }
    for (; digits[0] != '\0'; digits += 2) {
        const uint8_t byte = (uint8_t)(digit(digits[0]) * 16 + digit(digits[1]));
        inference_load(inference, inference->loaded, &byte, 1);
        if (inference->loaded == expected) {
            expected = 0;
            link_say(session, "m-load-done\r\n");
            return;
        }
    }
}

static void use_buffer(const link_session_t *session, char *words)
{
    const char *const word = next_word(&words);
    if (word == NULL) {
        link_say(session, "e-[db takes load, print or bytes]\r\n");
    } else if (is(word, "load")) {
        load(session, next_word(&words));
    } else if (is(word, "print")) {
        print(session);
    } else {
        take_bytes(session, word);
    }
}

static void say_profile(const link_session_t *session)
{
    link_say(session, "m-profile-[edgel3-deploy ");
    for (uint32_t i = 0; i < 6; i++) {
        say_byte(session, session->device->build_id[i]);
    }
    link_say(session, "]\r\nm-model-[");
    link_say(session, session->device->model);
    link_say(session, "]\r\n");
}

static void say_help(const link_session_t *session)
{
    link_say(session, "name, profile, timestamp, results\r\n"
                      "db load N, db HEX, db print: the int8 input\r\n"
                      "infer N W: N times, after W that do not count\r\n");
}

static void obey(const link_session_t *session, char *words)
{
    const char *const word = next_word(&words);
    if (word == NULL) {
        return;
    }
    if (is(word, "name")) {
        link_say(session, "m-name-dut-[");
        link_say(session, session->device->board);
        link_say(session, "]\r\n");
    } else if (is(word, "profile")) {
        say_profile(session);
    } else if (is(word, "help")) {
        say_help(session);
    } else if (is(word, "timestamp")) {
        say_time(session);
    } else if (is(word, "results")) {
        say_results(session);
    } else if (is(word, "infer")) {
        sensor_rest();
        infer(session, words);
        sensor_rest();
    } else if (is(word, "db")) {
        sensor_rest();
        use_buffer(session, words);
    } else {
        link_say(session, "e-[unknown command]\r\n");
    }
}

void console_work(link_session_t *session)
{
    if (!is_complete || !sensor_yields()) {
        return;
    }
    if (length > LONGEST) {
        link_say(session, "e-[the command is too long]\r\n");
    } else {
        command[length] = '\0';
        obey(session, command);
    }
    length = 0;
    is_complete = false;
    link_say(session, "m-ready\r\n");
}

void console_take(link_session_t *session, uint8_t character)
{
    if (is_complete) {
        return;
    }
    if (character == '%') {
        is_complete = true;
        console_work(session);
    } else {
        if (length < LONGEST) {
            command[length] = (char)character;
        }
        length += length <= LONGEST ? 1 : 0;
    }
}

#else

void console_work(link_session_t *session)
{
    (void)session;
}

void console_take(link_session_t *session, uint8_t character)
{
    (void)session;
    (void)character;
}

#endif
