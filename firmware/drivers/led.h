/**
 * @file led.h
 * @brief The board's light; without one the functions do nothing.
 */
#ifndef EDGEL3_DRIVERS_LED_H
#define EDGEL3_DRIVERS_LED_H

#include <stdbool.h>

/** Set up the pin, dark. */
void led_start(void);

/** Switch the light. */
void led_set(bool on);

#endif
