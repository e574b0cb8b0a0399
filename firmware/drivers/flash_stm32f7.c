/*
 * Flash of STM32F76x/F77x in single bank mode (RM0410 section 3.3); registers in stm32f7.h. The image runs over the AXI bus,
 * which neither prefetch nor ART accelerator serve: only the L1 caches can hold what has changed.
 *
 * The CPU stalls at its next fetch from flash until an operation ends: for up to 2 s when a sector of 256 KB is erased.
 */
#include "board.h"

#ifdef BOARD_FAMILY_STM32F7

#include "drivers/flash_access.h"
#include "drivers/stm32.h"
#include "drivers/watchdog.h"

/* More looks than the slowest erase (4 s at 8-bit parallelism, data sheet table 50) takes at any clock. */
#define BUSY_POLLS 400000000u

static bool wait_until_idle(void)
{
    for (uint32_t i = 0; i < BUSY_POLLS; i++) {
        if ((FLASH_SR & FLASH_SR_BSY) == 0) {
            return true;
        }
        watchdog_feed();
    }
    return false;
}

/* With two banks, sectors have other sizes and places under the same numbers: the next one may be the loader's own. */
static bool has_one_bank(void)
{
    return (FLASH_OPTCR & FLASH_OPTCR_NDBANK) != 0;
}

static bool begin(void)
{
    if (!has_one_bank()) {
        return false;
    }
    if ((FLASH_CR & FLASH_CR_LOCK) != 0) {
        FLASH_KEYR = FLASH_KEYR_KEY1;
        FLASH_KEYR = FLASH_KEYR_KEY2;
    }
    if ((FLASH_CR & FLASH_CR_LOCK) != 0 || !wait_until_idle()) {
        return false;
    }
    FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    return true;
}

static bool finish(void)
{
    const bool idle = wait_until_idle();
    const bool fine = idle && (FLASH_SR & FLASH_SR_ERRORS) == 0;
    FLASH_SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    FLASH_CR = FLASH_CR_LOCK;
    return fine;
}

bool flash_read(uint32_t address, void *to, uint32_t size)
{
    uint32_t *const words = to;
    for (uint32_t i = 0; i * 4u < size; i++) {
        words[i] = REG32(address + i * 4u);
    }
    return true;
}

bool flash_chip_erase(uint32_t number)
{
    if (!begin()) {
        return false;
    }
    FLASH_CR = FLASH_CR_SER | FLASH_CR_SNB(number) | FLASH_CR_PSIZE_X32;
    FLASH_CR |= FLASH_CR_STRT;
    barrier();
    return finish();
}

bool flash_chip_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    if (!begin()) {
        return false;
    }
    FLASH_CR = FLASH_CR_PG | FLASH_CR_PSIZE_X32;
    bool fine = true;
    for (uint32_t i = 0; fine && i < FLASH_UNIT / 4u; i++) {
        REG32(address + i * 4u) = data[i];
        barrier();
        fine = wait_until_idle() && (FLASH_SR & FLASH_SR_ERRORS) == 0;
    }
    return finish() && fine;
}

#endif
