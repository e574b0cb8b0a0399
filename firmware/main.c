/*
 * The firmware: waits for requests on the serial port and runs the network when asked to.
 */
#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "drivers/bootloader.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/counter.h"
#include "drivers/uart.h"
#include "link/inference.h"
#include "link/session.h"
#include "network.h"
#include "startup/memory.h"

/* Polls without a byte after which an unfinished frame is given up: well over half a second at any clock. */
#define IDLE_POLLS 5000000u

static int8_t input[EDGEL3_NET_INPUT_SIZE] __attribute__((aligned(16)));
static int8_t output[EDGEL3_NET_OUTPUT_SIZE] __attribute__((aligned(16)));
static uint64_t counters[EDGEL3_NET_LAYER_COUNT];
static uint32_t checksums[EDGEL3_NET_LAYER_COUNT];

static inference_t inference = {
    .input = input,
    .output = output,
    .counters = counters,
    .checksums = checksums,
    .read_counter = counter_read,
};

static link_session_t session;

static void read_memory(link_memory_t *memory)
{
    memory->stack_peak = memory_stack_peak();
    memory->stack_size = memory_stack_size();
    memory->data_size = memory_data_size();
}

static void act(link_action_t action)
{
    if (action == LINK_ACTION_NONE) {
        return;
    }
    uart_flush();
    if (action == LINK_ACTION_BOOTLOADER) {
        bootloader_request();
    }
    core_reset();
}

int main(void)
{
    const chip_clocks_t clocks = chip_start_clocks();
    const link_device_t device = {
        .board = BOARD_NAME,
        .device_id = chip_device_id(),
        .cpu_hz = clocks.cpu_hz,
        .counter_unit = counter_unit(),
        .has_bootloader = bootloader_exists(),
        .write = uart_write,
        .read_memory = read_memory,
    };
    uint32_t idle_polls = 0;

    uart_start(&clocks);
    counter_start();
    link_session_start(&session, &device, &inference);
    for (;;) {
        uint8_t byte;
        if (uart_read(&byte)) {
            idle_polls = 0;
            act(link_session_take(&session, byte));
        } else if (++idle_polls == IDLE_POLLS) {
            link_session_idle(&session);
        }
    }
}
