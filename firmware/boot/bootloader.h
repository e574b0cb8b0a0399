/**
 * @file bootloader.h
 * @brief The way out of the application, through a reset: into the loader, or from a bare image into the ROM bootloader.
 */
#ifndef EDGEL3_BOOT_BOOTLOADER_H
#define EDGEL3_BOOT_BOOTLOADER_H

#include <stdbool.h>

/** Whether there is one that listens on the link's serial port. */
bool bootloader_exists(void);

/** Reset the chip so that it comes up there. */
__attribute__((noreturn)) void bootloader_request(void);

/** Early after reset: a bare image jumps into the ROM bootloader if bootloader_request() caused the reset. */
void bootloader_enter_if_requested(void);

#endif
