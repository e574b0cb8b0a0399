/**
 * @file flash.h
 * @brief The flash that holds loader and applications: reading that survives damaged cells, erasing, programming.
 *
 * What a chip has in flash after a power cut may be anything; on STM32H7 it may be a flash word that cannot be read.
 */
#ifndef EDGEL3_DRIVERS_FLASH_H
#define EDGEL3_DRIVERS_FLASH_H

#include <stdbool.h>
#include <stdint.h>

/** What is programmed at once, aligned: the STM32H7's flash word. */
#define FLASH_UNIT 32u

/** One erase unit. */
typedef struct {
    uint32_t origin;
    uint32_t size;
} flash_sector_t;

/** Number and place of the sector that holds `address`; false if there is none. */
bool flash_find_sector(uint32_t address, uint32_t *number, flash_sector_t *sector);

/**
 * Copy flash to RAM.
 *
 * @param address a multiple of 4
 * @param to aligned to 4 bytes; written in words, so up to a multiple of 4
 * @return false if a byte could not be read; what `to` holds then means nothing
 */
bool flash_read(uint32_t address, void *to, uint32_t size);

/** Erase the sector that holds `address`; false if the flash refuses, or the sector is none of an application's. */
bool flash_erase(uint32_t address);

/**
 * Program FLASH_UNIT bytes that are erased.
 *
 * @param address a multiple of FLASH_UNIT
 * @return false if the flash refuses, or the place is none of an application's; what stands there is not compared
 */
bool flash_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u]);

/** The same within the settings' sectors, and nowhere else; only settings/store.c calls these two. */
bool flash_erase_settings(uint32_t address);
bool flash_program_settings(uint32_t address, const uint32_t data[FLASH_UNIT / 4u]);

#endif
