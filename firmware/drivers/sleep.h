/**
 * @file sleep.h
 * @brief Waiting with little power: the internal oscillator instead of the PLL, and a CPU that stands still in between.
 *
 * The serial port goes on, and so does the time of counter.h. The watchdog runs on and wants to be fed.
 */
#ifndef EDGEL3_DRIVERS_SLEEP_H
#define EDGEL3_DRIVERS_SLEEP_H

#include "drivers/chip.h"

/** Longest pause of sleep_wait(), in ms. */
#define SLEEP_MS 10u

/** Slow the chip down. Microphones have stopped; the counter runs. */
void sleep_begin(void);

/** Between sleep_begin() and sleep_end(): let the CPU stand still for SLEEP_MS. */
void sleep_wait(void);

/** Back to full speed: the clocks as chip_start_clocks() reaches them. */
chip_clocks_t sleep_end(void);

#endif
