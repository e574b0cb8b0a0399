/* The board's sectors, and what may change: slots through one pair of functions, the settings through another. */
#include "drivers/flash_access.h"

#include "board.h"
#include "drivers/core.h"
#include "drivers/watchdog.h"

#if BOARD_SLOT_COUNT > 0

static const flash_sector_t SECTORS[] = BOARD_FLASH_SECTORS;
static const flash_sector_t SLOTS[BOARD_SLOT_COUNT] = BOARD_SLOTS;
static const flash_sector_t SETTINGS = BOARD_SETTINGS;

bool flash_find_sector(uint32_t address, uint32_t *number, flash_sector_t *sector)
{
    for (uint32_t i = 0; i < sizeof(SECTORS) / sizeof(SECTORS[0]); i++) {
        if (address - SECTORS[i].origin < SECTORS[i].size) {
            *number = i;
            *sector = SECTORS[i];
            return true;
        }
    }
    return false;
}

static bool is_within(uint32_t address, const flash_sector_t *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (address - regions[i].origin < regions[i].size) {
            return true;
        }
    }
    return false;
}

static bool erase(uint32_t address)
{
    uint32_t number;
    flash_sector_t sector;
    if (!flash_find_sector(address, &number, &sector)) {
        return false;
    }
    watchdog_feed();
    const bool erased = flash_chip_erase(number);
    core_invalidate(sector.origin, sector.size);
    watchdog_feed();
    return erased;
}

static bool program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    if (address % FLASH_UNIT != 0) {
        return false;
    }
    const bool programmed = flash_chip_program(address, data);
    core_invalidate(address, FLASH_UNIT);
    return programmed;
}

bool flash_erase(uint32_t address)
{
    return is_within(address, SLOTS, BOARD_SLOT_COUNT) && erase(address);
}

bool flash_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    return is_within(address, SLOTS, BOARD_SLOT_COUNT) && program(address, data);
}

bool flash_erase_settings(uint32_t address)
{
    return is_within(address, &SETTINGS, 1) && erase(address);
}

bool flash_program_settings(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    return is_within(address, &SETTINGS, 1) && program(address, data);
}

#endif
