/*
 * Sleeps on command. Says R when it is ready; '?' is answered by the counter and registers, 'S' begins to sleep, 'W' lets
 * a second pass asleep and 'E' ends it, each answered by itself; 'D' starts the watchdog, with half a second. Anything
 * else comes back.
 */
#include "board.h"
#include "drivers/chip.h"
#include "drivers/counter.h"
#include "drivers/sleep.h"
#include "drivers/stm32.h"
#include "drivers/uart.h"
#include "drivers/watchdog.h"

#ifdef BOARD_FAMILY_STM32F7
#define ENABLED RCC_CR_PLLON
#else
#define ENABLED RCC_CR_PLL1ON
#endif

static bool asleep;

static void tell(void)
{
    const uint64_t now = counter_read();
    const uint32_t state[] = {
        (uint32_t)now,
        (uint32_t)(now >> 32),
        (RCC_CR & ENABLED) != 0,
        (RCC_CR & RCC_CR_HSEON) != 0,
        RCC_UART_CLOCKS,
        SYST_CSR,
    };
    uart_write((const uint8_t *)state, sizeof state);
}

static void obey(uint8_t command)
{
    if (command == '?') {
        tell();
        return;
    }
    if (command == 'S') {
        sleep_begin();
        asleep = true;
    } else if (command == 'W') {
        for (uint32_t i = 0; i < 1000u / SLEEP_MS; i++) {
            sleep_wait();
        }
    } else if (command == 'E') {
        (void)sleep_end();
        asleep = false;
    } else if (command == 'D') {
        watchdog_start(500);
    }
    uart_write(&command, 1);
}

int main(void)
{
    const chip_clocks_t clocks = chip_start_clocks();
    uart_start(&clocks);
    uart_ring_start();
    counter_start();
    uart_write((const uint8_t *)"R", 1);
    for (;;) {
        uint8_t byte;
        if (uart_ring_read(&byte)) {
            obey(byte);
        } else if (asleep) {
            sleep_wait();
        }
    }
}
