/*
 * Sends what the microphone hears, block by block, each with the count of lost samples so far.
 *
 * Says R when it is ready. A request is a byte: its low half says how many blocks to send, its high half for how
 * many times 16 ms to look away before them. A zero stops the microphone, starts it, and is answered by whether that
 * worked; it comes first.
 */
#include "board.h"
#include "drivers/chip.h"
#include "drivers/counter.h"
#include "drivers/microphone.h"
#include "drivers/uart.h"

enum { BLOCK = 480, RING = 3840 };

__attribute__((section(".dma"))) static microphone_sample_t ring[RING];
static microphone_sample_t block[BLOCK];

static uint8_t request(void)
{
    uint8_t byte;
    while (!uart_read(&byte)) {
        (void)counter_read();
    }
    return byte;
}

static void look_away(uint32_t milliseconds)
{
    const uint64_t until = counter_read() + (uint64_t)milliseconds * (BOARD_CPU_HZ / 1000u);
    while (counter_read() < until) {
    }
}

static void send_block(void)
{
    uint32_t filled = 0;
    while (filled < BLOCK) {
        filled += microphone_read(block + filled, BLOCK - filled);
    }
    const uint32_t lost = microphone_lost();
    uart_write((const uint8_t *)block, sizeof block);
    uart_write((const uint8_t *)&lost, sizeof lost);
}

int main(void)
{
    const chip_clocks_t clocks = chip_start_clocks();
    uart_start(&clocks);
    counter_start();
    uart_write((const uint8_t *)"R", 1);
    for (;;) {
        const uint8_t asked = request();
        if (asked == 0) {
            microphone_stop();
            const uint8_t started = microphone_start(&clocks, ring, RING);
            uart_write(&started, 1);
        }
        look_away((asked >> 4) * 16u);
        for (uint32_t blocks = asked & 15u; blocks > 0; blocks--) {
            send_block();
        }
    }
}
