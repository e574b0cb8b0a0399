/*
 * A microphone, and sleep, for firmware that is compiled for the host. Whoever runs the test says what has come, and where how many
 * samples were lost; each look gives as many as it may.
 */
#include "drivers/microphone.h"
#include "drivers/sleep.h"

#define CAPACITY (1u << 22)

int16_t harness_heard[CAPACITY];
/* How many have come, and been taken. */
uint32_t harness_heard_count, harness_taken;
/* Before which sample of them how many were lost. */
uint32_t harness_loss_at, harness_loss;
/* Most of a look; 0 is all. */
uint32_t harness_look;
uint32_t harness_starts;
bool harness_has_microphone = true;

static uint32_t lost;

bool microphone_start(const chip_clocks_t *clocks, int16_t *ring, uint32_t size)
{
    (void)clocks;
    harness_starts++;
    lost = 0;
    return harness_has_microphone && ring != 0 && size > 0;
}

uint32_t microphone_read(int16_t *samples, uint32_t most)
{
    if (harness_loss > 0 && harness_taken == harness_loss_at) {
        lost += harness_loss;
        harness_loss = 0;
    }
    const uint32_t end = harness_loss > 0 ? harness_loss_at : harness_heard_count;
    most = harness_look > 0 && most > harness_look ? harness_look : most;
    uint32_t taken = 0;
    for (; taken < most && harness_taken < end; taken++) {
        samples[taken] = harness_heard[harness_taken++];
    }
    return taken;
}

uint32_t microphone_lost(void)
{
    return lost;
}

uint32_t harness_stops;

void microphone_stop(void)
{
    harness_stops++;
}

/* How often clocks were slowed down, and the full ones started. */
uint32_t harness_slowed, harness_sped;

void harness_pass(uint32_t counts);

void sleep_begin(void)
{
    harness_slowed++;
}

void sleep_wait(void)
{
    harness_pass(SLEEP_MS);
}

chip_clocks_t sleep_end(void)
{
    harness_sped++;
    return (chip_clocks_t){0};
}
