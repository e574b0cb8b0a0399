/*
 * The loader: starts the application if it is whole, else waits on the serial port for another one. Its light is on while
 * it waits.
 */
#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "boot/image_header.h"
#include "boot/mailbox.h"
#include "boot/slots.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/counter.h"
#include "drivers/led.h"
#include "drivers/uart.h"
#include "drivers/watchdog.h"
#include "build_id.h"
#include "link/session.h"
#include "loader/requests.h"
#include "loader/start.h"
#include "loader/update.h"

/* The slowest erase stalls the CPU for half of it. */
#define WATCHDOG_MS 8000u
/* What the application has until its main loop. */
#define START_MS 4000u
/* Polls of the serial port between looks at the time. */
#define POLLS_PER_LOOK 16u

/* Defined by the linker script. */
extern const uint8_t __image_start[];
extern const uint8_t __image_end[];

static update_t update;
static link_session_t session;

static void start(uint32_t slot)
{
    watchdog_start(START_MS);
    core_start_image(slots_place(slot).origin + IMAGE_HEADER_SIZE);
}

static void act(link_action_t action)
{
    if (action == LINK_ACTION_BOOT) {
        uart_flush();
        const uint32_t slot = start_decide_again();
        if (slot != SLOT_NONE) {
            led_set(false);
            start(slot);
        }
    }
    if (action == LINK_ACTION_RESET) {
        uart_flush();
        core_reset();
    }
    /* This is the bootloader that LINK_ACTION_BOOTLOADER asks for. */
}

static void wait_for_requests(uint32_t second)
{
    uint64_t last_byte = counter_read();
    bool heard = false;
    for (uint32_t polls = 0;; polls++) {
        uint8_t byte;
        if (uart_read(&byte)) {
            heard = true;
            act(link_session_take(&session, byte));
        }
        if (polls % POLLS_PER_LOOK != 0) {
            continue;
        }
        watchdog_feed();
        const uint64_t now = counter_read();
        if (heard) {
            last_byte = now;
        } else if (now - last_byte > second) {
            link_session_idle(&session);
            last_byte = now;
        }
        heard = false;
    }
}

int main(void)
{
    static const uint8_t NO_MODEL[32];

    watchdog_start(WATCHDOG_MS);
    const chip_clocks_t clocks = chip_start_clocks();
    const uint32_t slot = start_decide();
    if (slot != SLOT_NONE) {
        start(slot);
    }
    const link_device_t device = {
        .role = LINK_ROLE_LOADER,
        .board = BOARD_NAME,
        .model = "",
        .runtime = "loader",
        .model_sha256 = NO_MODEL,
        .build_id = edgel3_build_id,
        .device_id = chip_device_id(),
        .cpu_hz = clocks.cpu_hz,
        .counter_unit = counter_unit(),
        .has_bootloader = true,
        .image = {(uint32_t)(uintptr_t)__image_start, (uint32_t)(__image_end - __image_start)},
        .write = uart_write,
        .introduce = loader_introduce,
        .handlings = LOADER_HANDLINGS,
        .handling_count = LOADER_HANDLING_COUNT,
    };
    led_start();
    led_set(true);
    uart_start(&clocks);
    counter_start();
    link_session_start(&session, &device, &update);
    wait_for_requests(counter_hz(clocks.cpu_hz));
}
