/**
 * @file flash_access.h
 * @brief What a chip family does for drivers/flash.c, which has checked the arguments and keeps the caches right.
 */
#ifndef EDGEL3_DRIVERS_FLASH_ACCESS_H
#define EDGEL3_DRIVERS_FLASH_ACCESS_H

#include "drivers/flash.h"

/** Erase the sector of that number; false on any error that the flash reports. */
bool flash_chip_erase(uint32_t number);

/** Program FLASH_UNIT bytes; false on any error that the flash reports. */
bool flash_chip_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u]);

#endif
