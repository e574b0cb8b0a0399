/*
 * The application: waits for requests on the serial port and runs the network when asked to. While it runs for the sensor,
 * requests are handled between its steps.
 */
#include <stdbool.h>
#include <stdint.h>

#include "application/console.h"
#include "application/inference.h"
#include "application/requests.h"
#include "application/sensor.h"
#include "board.h"
#include "boot/bootloader.h"
#include "boot/mailbox.h"
#include "boot/slots.h"
#include "build_id.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/counter.h"
#include "drivers/led.h"
#include "drivers/uart.h"
#include "drivers/watchdog.h"
#include "edgel3.h"
#include "link/session.h"
#include "settings/settings.h"
#include "startup/memory.h"

/* Fed between the steps of a run: far above a step's time, even at the internal oscillator's clock. */
#define WATCHDOG_MS WATCHDOG_MAX_MS
/* Polls of the serial port between looks at the time, and between pieces of the sensor's work. */
#define POLLS_PER_LOOK 16u
#define POLLS_PER_WORK 4u
/* Bytes that are taken between two steps: any request, as COBS has it. */
#define BYTES_PER_STEP (LINK_MAX_CONTENT + LINK_MAX_CONTENT / 254u + 3u)
/* The link is quiet when nothing came for this part of a second. */
#define QUIET_PART 20u

static edgel3_t network;
static int8_t input[EDGEL3_INPUT_SIZE] __attribute__((aligned(16)));
static int8_t output[EDGEL3_OUTPUT_SIZE] __attribute__((aligned(16)));
static uint64_t counters[EDGEL3_LAYER_COUNT];
static uint32_t checksums[EDGEL3_LAYER_COUNT];

/* Defined by the linker script. */
extern const uint8_t __image_start[];
extern const uint8_t __image_end[];

static void read_memory(memory_use_t *memory)
{
    memory->stack_peak = memory_stack_peak();
    memory->stack_size = memory_stack_size();
    memory->data_size = memory_data_size();
}

static link_session_t session;
/* When the last byte came. */
static uint64_t heard_at;

static bool is_quiet(void)
{
    return counter_read() - heard_at > counter_hz(BOARD_CPU_HZ) / QUIET_PART;
}

/* The main loop serves: the loader need not fear this image's next start. */
static void note_healthy(void)
{
    if (mailbox_content()->start == MAILBOX_START_HEALTHY) {
        return;
    }
    mailbox_note_healthy();
    const uint32_t slot = slots_find((uint32_t)(uintptr_t)__image_start);
    if (slot != SLOT_NONE) {
        slots_confirm(slot);
    }
}

static void act(link_action_t action)
{
    if (action == LINK_ACTION_NONE) {
        return;
    }
    note_healthy();
    uart_flush();
    if (action == LINK_ACTION_BOOTLOADER) {
        bootloader_request();
    }
    core_reset();
}

/* Handle the next byte, if one has come. */
static bool take_byte(void)
{
    uint8_t byte;
    if (!uart_ring_read(&byte)) {
        return false;
    }
    heard_at = counter_read();
    act(link_session_take(&session, byte));
    return true;
}

/* A reply takes time: the microphone has its turn after each byte. A request's own run is not interrupted by others. */
static void between_steps(void)
{
    watchdog_feed();
    sensor_between_steps();
    for (uint32_t i = 0; i < BYTES_PER_STEP && sensor_is_computing(); i++) {
        const uint64_t before = counter_read();
        if (!take_byte()) {
            break;
        }
        sensor_leave_out(counter_read() - before);
        sensor_between_steps();
    }
}

static application_t application = {
    .inference =
        {
            .network = &network,
            .input = input,
            .output = output,
            .counters = counters,
            .checksums = checksums,
            .read_counter = counter_read,
            .between_steps = between_steps,
        },
    .show_running = led_set,
    .read_memory = read_memory,
};

/* What has to happen at times: feed the watchdog, give up an unfinished frame, note that all is well. */
static void look_at_the_time(uint32_t second)
{
    const uint64_t now = counter_read();
    watchdog_feed();
    if (now > second) {
        note_healthy();
    }
    if (now - heard_at > second) {
        link_session_idle(&session);
    }
}

int main(void)
{
    watchdog_start(WATCHDOG_MS);
    const chip_clocks_t clocks = chip_start_clocks();
    const link_device_t device = {
        .role = LINK_ROLE_APPLICATION,
        .board = BOARD_NAME,
        .model = edgel3_info.model_name,
        .runtime = edgel3_info.runtime,
        .model_sha256 = edgel3_info.model_sha256,
        .build_id = edgel3_build_id,
        .device_id = chip_device_id(),
        .cpu_hz = clocks.cpu_hz,
        .input_size = edgel3_info.input_size,
        .output_size = edgel3_info.output_size,
        .layer_count = edgel3_info.layer_count,
        .counter_unit = counter_unit(),
        .has_bootloader = bootloader_exists(),
        .image = {(uint32_t)(uintptr_t)__image_start, (uint32_t)(__image_end - __image_start)},
        .write = uart_write,
        .introduce = application_introduce,
        .read_text = console_take,
        .yields = sensor_yields,
        .handlings = APPLICATION_HANDLINGS,
        .handling_count = APPLICATION_HANDLING_COUNT,
    };
    const uint32_t second = counter_hz(clocks.cpu_hz);
    uint32_t polls = 0;

    mailbox_set_stay_reason(LINK_STAY_NONE);
    led_start();
    uart_start(&clocks);
    uart_ring_start();
    counter_start();
    settings_start();
    edgel3_start(&network);
    watchdog_feed();
    application.counter_hz = second;
    link_session_start(&session, &device, &application);
    const sensor_parts_t parts = {&application.inference, &application.audio, led_set, clocks, second, is_quiet};
    sensor_start(&parts);
    for (;;) {
        if (!take_byte() && polls % POLLS_PER_WORK == 0) {
            sensor_work();
            console_work(&session);
        }
        if (++polls % POLLS_PER_LOOK == 0) {
            look_at_the_time(second);
        }
    }
}
