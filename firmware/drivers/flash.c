/* The board's sectors, and what may never change: whatever lies before the first slot is the loader. */
#include "drivers/flash_access.h"

#include "board.h"
#include "drivers/core.h"
#include "drivers/watchdog.h"

#if BOARD_SLOT_COUNT > 0

static const flash_sector_t SECTORS[] = BOARD_FLASH_SECTORS;
static const flash_sector_t SLOTS[BOARD_SLOT_COUNT] = BOARD_SLOTS;

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

static bool is_an_application_s(uint32_t address)
{
    for (uint32_t i = 0; i < BOARD_SLOT_COUNT; i++) {
        if (address - SLOTS[i].origin < SLOTS[i].size) {
            return true;
        }
    }
    return false;
}

bool flash_erase(uint32_t address)
{
    uint32_t number;
    flash_sector_t sector;
    if (!is_an_application_s(address) || !flash_find_sector(address, &number, &sector)) {
        return false;
    }
    watchdog_feed();
    const bool erased = flash_chip_erase(number);
    core_invalidate(sector.origin, sector.size);
    watchdog_feed();
    return erased;
}

bool flash_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    if (!is_an_application_s(address) || address % FLASH_UNIT != 0) {
        return false;
    }
    const bool programmed = flash_chip_program(address, data);
    core_invalidate(address, FLASH_UNIT);
    return programmed;
}

#endif
