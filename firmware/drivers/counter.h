/**
 * @file counter.h
 * @brief The counter by which layers are timed: CPU cycles on silicon, instructions on QEMU.
 */
#ifndef EDGEL3_DRIVERS_COUNTER_H
#define EDGEL3_DRIVERS_COUNTER_H

#include <stdint.h>

#include "link/protocol.h"

/** Start counting from 0. */
void counter_start(void);

/** The count so far. On silicon two calls must be less than 2^32 cycles apart (8.9 s at 480 MHz). */
uint64_t counter_read(void);

/** So many have passed that the counter did not see: it stood, or a slower clock drove it. */
void counter_skip(uint64_t counts);

/** Counts a second, while the CPU runs at `cpu_hz`. */
uint32_t counter_hz(uint32_t cpu_hz);

/** What is counted. */
link_counter_unit_t counter_unit(void);

#endif
