/**
 * @file bootloader.h
 * @brief The way into the ROM bootloader: through a reset, so that it finds the chip as after power-up.
 */
#ifndef EDGEL3_DRIVERS_BOOTLOADER_H
#define EDGEL3_DRIVERS_BOOTLOADER_H

#include <stdbool.h>

/** Whether the board has a ROM bootloader. */
bool bootloader_exists(void);

/** Reset the chip so that it comes up in the ROM bootloader. */
__attribute__((noreturn)) void bootloader_request(void);

/** First thing after reset: jump into the ROM bootloader if bootloader_request() caused the reset. */
void bootloader_enter_if_requested(void);

#endif
