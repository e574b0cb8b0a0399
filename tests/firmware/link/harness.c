/*
 * The firmware's link on the host: a session over the stand-in network, with replies collected in a buffer.
 *
 * As a shared library it is driven by ctypes. As a program (HARNESS_MAIN) it feeds standard input to a session and writes the
 * replies to standard output, so that it can run under the sanitizers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "application/console.h"
#include "application/requests.h"
#include "application/sensor.h"
#include "boot/mailbox.h"
#include "build_id.h"
#include "edgel3.h"
#include "link/session.h"
#include "settings/settings.h"

#define CAPACITY (1u << 22)

uint8_t harness_written[CAPACITY];
uint32_t harness_written_size;

static edgel3_t network;
static int8_t input[EDGEL3_INPUT_SIZE];
static int8_t output[EDGEL3_OUTPUT_SIZE];
static uint64_t counters[EDGEL3_LAYER_COUNT];
static uint32_t checksums[EDGEL3_LAYER_COUNT];
static uint64_t now;
static application_t application;
static link_session_t session;

static void collect(const uint8_t *bytes, uint32_t size)
{
    if (size <= CAPACITY - harness_written_size) {
        memcpy(harness_written + harness_written_size, bytes, size);
        harness_written_size += size;
    }
}

/* Every look at the counter takes 10 of its units. */
static uint64_t read_counter(void)
{
    now += 10;
    return now;
}

/* Whether nothing comes over the link. */
bool harness_is_quiet = true;

static bool is_quiet(void)
{
    return harness_is_quiet;
}

void harness_pass(uint32_t counts)
{
    now += counts;
}

/* What comes over the link while the network runs for the sensor, and how much of it was taken. */
uint8_t harness_coming[4096];
uint32_t harness_coming_size, harness_coming_taken;

/* As main.c does; each byte takes a second. */
static void between_steps(void)
{
    sensor_between_steps();
    while (sensor_is_computing() && harness_coming_taken < harness_coming_size) {
        const uint64_t before = read_counter();
        link_session_take(&session, harness_coming[harness_coming_taken++]);
        harness_pass(1000u);
        sensor_leave_out(read_counter() - before);
        sensor_between_steps();
    }
}

/* How often the light went on, and off. */
uint32_t harness_lit[2];

static void show_running(bool running)
{
    harness_lit[running ? 0 : 1]++;
}

static void read_memory(memory_use_t *memory)
{
    *memory = (memory_use_t){.stack_peak = 100, .stack_size = 8192, .data_size = 3000};
}

void harness_start(bool has_bootloader)
{
    static link_device_t device;
    device = (link_device_t){
        .role = LINK_ROLE_APPLICATION,
        .board = "host",
        .model = edgel3_info.model_name,
        .runtime = edgel3_info.runtime,
        .model_sha256 = edgel3_info.model_sha256,
        .build_id = edgel3_build_id,
        .input_size = edgel3_info.input_size,
        .output_size = edgel3_info.output_size,
        .layer_count = edgel3_info.layer_count,
        .device_id = 0x20016451u,
        .cpu_hz = 216000000u,
        .counter_unit = LINK_COUNTER_CPU_CYCLES,
        .has_bootloader = has_bootloader,
        .image = {0x08000000u, 1000u},
        .write = collect,
        .read_text = console_take,
        .yields = sensor_yields,
        .introduce = application_introduce,
        .handlings = APPLICATION_HANDLINGS,
        .handling_count = APPLICATION_HANDLING_COUNT,
    };
    memset(&session, 0xA5, sizeof(session));
    application = (application_t){
        .inference =
            {
                .network = &network,
                .input = input,
                .output = output,
                .counters = counters,
                .checksums = checksums,
                .read_counter = read_counter,
                .between_steps = between_steps,
            },
        .counter_hz = 1000u,
        .show_running = show_running,
        .read_memory = read_memory,
    };
    harness_written_size = 0;
    harness_coming_size = 0;
    harness_coming_taken = 0;
    mailbox_open(LINK_RESET_POWER_ON);
    settings_start();
    edgel3_start(&network);
    link_session_start(&session, &device, &application);
    sensor_start(&(sensor_parts_t){
        .inference = &application.inference,
        .audio = &application.audio,
        .show_running = show_running,
        .counter_hz = 1000u,
        .is_quiet = is_quiet,
    });
}

/* What the main loop does when nothing has come. */
void harness_work(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        sensor_work();
        console_work(&session);
    }
}

/* Feed bytes; returns the last action asked for. */
int32_t harness_feed(const uint8_t *bytes, uint32_t size)
{
    int32_t action = LINK_ACTION_NONE;
    for (uint32_t i = 0; i < size; i++) {
        const link_action_t asked = link_session_take(&session, bytes[i]);
        action = asked != LINK_ACTION_NONE ? (int32_t)asked : action;
    }
    return action;
}

void harness_idle(void)
{
    link_session_idle(&session);
}

/* Frame `body` into harness_written. */
void harness_send(uint8_t type, uint8_t sequence, const uint8_t *body, uint32_t size)
{
    static uint8_t content[LINK_MAX_CONTENT];
    harness_written_size = 0;
    memcpy(content + LINK_HEADER_SIZE, body, size);
    link_send(collect, content, type, sequence, size);
}

#ifdef HARNESS_MAIN
int main(void)
{
    harness_start(true);
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        const uint8_t one = (uint8_t)byte;
        harness_feed(&one, 1);
        fwrite(harness_written, 1, harness_written_size, stdout);
        harness_written_size = 0;
    }
    return 0;
}
#endif
