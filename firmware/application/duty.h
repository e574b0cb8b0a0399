/**
 * @file duty.h
 * @brief The time that a sensor sleeps between two windows: the setting duty_cycle, from one waking to the next.
 */
#ifndef EDGEL3_APPLICATION_DUTY_H
#define EDGEL3_APPLICATION_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/chip.h"

/** The counter, its counts a second, and whether nothing is under way on the link. */
typedef struct {
    uint64_t (*read_counter)(void);
    uint32_t counter_hz;
    bool (*is_quiet)(void);
} duty_clock_t;

/** Awake, at full speed, from now on. */
void duty_begin(const duty_clock_t *clock);

/** Whether the sensor is to sleep at all. */
bool duty_is_set(void);

/** The microphone has stopped. */
void duty_note_stop(void);

/** Let some time pass asleep, if there is enough; true when it is time to wake. */
bool duty_sleep(void);

/** Back to full speed, if the chip was slowed down: the clocks are then given. What the counter made since duty_note_stop(). */
uint64_t duty_end(chip_clocks_t *clocks);

#endif
