/**
 * @file watchdog.h
 * @brief The independent watchdog, which resets the chip unless it is fed. Once started, only a reset ends it.
 */
#ifndef EDGEL3_DRIVERS_WATCHDOG_H
#define EDGEL3_DRIVERS_WATCHDOG_H

#include <stdint.h>

/** Longest period, in nominal milliseconds. */
#define WATCHDOG_MAX_MS 32000u

/** Start it, or give it another period, and feed it. Its oscillator may be off by half: at 47 kHz 8 s are 5.4 s. */
void watchdog_start(uint32_t milliseconds);

/** Begin the period anew; nothing happens unless it was started. */
void watchdog_feed(void);

#endif
