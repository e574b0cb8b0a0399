/*
 * The way of the street: microphone, ring, PCM at the network's rate, sound levels.
 *
 * Says R when it is ready. A byte starts the microphone: then comes the PCM of so many seconds, and after each second
 * its levels.
 */
#include "board.h"
#include "drivers/chip.h"
#include "drivers/counter.h"
#include "drivers/microphone.h"
#include "drivers/uart.h"
#include "sound/sound.h"

enum { BLOCK = 1000, RING = 4000 };

__attribute__((section(".dma"))) static microphone_sample_t ring[RING];
static microphone_sample_t block[BLOCK];
static int16_t pcm[BLOCK];
static sound_t sound;

int main(void)
{
    const chip_clocks_t clocks = chip_start_clocks();
    uart_start(&clocks);
    counter_start();
    uart_write((const uint8_t *)"R", 1);
    uint8_t seconds;
    while (!uart_read(&seconds)) {
    }
    sound_start_microphone(&sound, &sound_tables, 2 * SOUND_UNITY);
    (void)microphone_start(&clocks, ring, RING);
    uint32_t told = 0;
    while (told < seconds) {
        const uint32_t wanted = (uint32_t)sound_level_left(&sound.level);
        const uint32_t taken = microphone_read(block, wanted < BLOCK ? wanted : BLOCK);
        const int32_t count = sound_run(&sound, block, (int32_t)taken, pcm);
        uart_write((const uint8_t *)pcm, (uint32_t)count * sizeof pcm[0]);
        if (sound.level.finished != told) {
            told = sound.level.finished;
            uart_write((const uint8_t *)&sound.level.last, sizeof sound.level.last);
        }
    }
    for (;;) {
    }
}
