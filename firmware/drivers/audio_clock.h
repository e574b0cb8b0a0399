/**
 * @file audio_clock.h
 * @brief The kernel clock of SAI1, from a PLL of its own. One implementation per family.
 */
#ifndef EDGEL3_DRIVERS_AUDIO_CLOCK_H
#define EDGEL3_DRIVERS_AUDIO_CLOCK_H

#include <stdbool.h>

/** Bring it to 256 times the microphone's rate; the CPU runs from the HSE. False if the PLL does not start. */
bool audio_clock_start(void);

/** Stop that PLL. */
void audio_clock_stop(void);

#endif
