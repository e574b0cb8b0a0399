/*
 * Flash of STM32H742/H743/H753 (RM0433 section 4.3): two banks with registers each; registers in stm32h7.h.
 *
 * A power cut while a flash word is programmed can leave bits whose ECC cannot be mended: reading them is a bus fault. So
 * flash is read with bus faults ignored (CCR.BFHFNMIGN, which counts while FAULTMASK is set), and the flash is asked
 * whether there was such an error.
 */
#include "board.h"

#ifdef BOARD_FAMILY_STM32H7

#include "drivers/core.h"
#include "drivers/flash_access.h"
#include "drivers/stm32.h"
#include "drivers/watchdog.h"

#define SECTORS_PER_BANK 8u
#define BANK_SIZE 0x100000u
#define FLASH_ORIGIN 0x08000000u
/* More looks than the slowest erase (4 s at 8-bit parallelism, data sheet table 61) takes at any clock. */
#define BUSY_POLLS 400000000u

static bool wait_until_idle(uint32_t bank)
{
    for (uint32_t i = 0; i < BUSY_POLLS; i++) {
        if ((FLASH_SR(bank) & (FLASH_SR_BSY | FLASH_SR_QW)) == 0) {
            return true;
        }
        watchdog_feed();
    }
    return false;
}

static bool begin(uint32_t bank)
{
    if ((FLASH_CR(bank) & FLASH_CR_LOCK) != 0) {
        FLASH_KEYR(bank) = FLASH_KEYR_KEY1;
        FLASH_KEYR(bank) = FLASH_KEYR_KEY2;
    }
    if ((FLASH_CR(bank) & FLASH_CR_LOCK) != 0 || !wait_until_idle(bank)) {
        return false;
    }
    FLASH_CCR(bank) = FLASH_SR_ERRORS | FLASH_SR_EOP;
    return true;
}

static bool finish(uint32_t bank)
{
    const bool idle = wait_until_idle(bank);
    const bool fine = idle && (FLASH_SR(bank) & FLASH_SR_ERRORS) == 0;
    FLASH_CCR(bank) = FLASH_SR_ERRORS | FLASH_SR_EOP;
    FLASH_CR(bank) = FLASH_CR_LOCK;
    return fine;
}

bool flash_read(uint32_t address, void *to, uint32_t size)
{
    uint32_t *const words = to;
    for (uint32_t bank = 0; bank < 2; bank++) {
        FLASH_CCR(bank) = FLASH_SR_DBECCERR;
    }
    SCB_CFSR = SCB_CFSR_BUS_FAULT_MASK;
    __asm volatile("cpsid f" ::: "memory");
    SCB_CCR |= SCB_CCR_BFHFNMIGN;
    barrier();
    for (uint32_t i = 0; i * 4u < size; i++) {
        words[i] = REG32(address + i * 4u);
    }
    barrier();
    SCB_CCR &= ~SCB_CCR_BFHFNMIGN;
    __asm volatile("cpsie f" ::: "memory");
    const uint32_t faults = SCB_CFSR & SCB_CFSR_BUS_FAULT_MASK;
    const uint32_t errors = (FLASH_SR(0) | FLASH_SR(1)) & FLASH_SR_DBECCERR;
    if ((faults | errors) == 0) {
        return true;
    }
    SCB_CFSR = SCB_CFSR_BUS_FAULT_MASK;
    for (uint32_t bank = 0; bank < 2; bank++) {
        FLASH_CCR(bank) = FLASH_SR_DBECCERR;
    }
    core_invalidate(address, size);
    return false;
}

bool flash_chip_erase(uint32_t number)
{
    const uint32_t bank = number / SECTORS_PER_BANK;
    if (!begin(bank)) {
        return false;
    }
    FLASH_CR(bank) = FLASH_CR_SER | FLASH_CR_SNB(number % SECTORS_PER_BANK) | FLASH_CR_PSIZE_X64;
    FLASH_CR(bank) |= FLASH_CR_START;
    barrier();
    return finish(bank);
}

/* RM0433 section 4.3.9: the write buffer takes the words of one flash word, which is programmed with the last of them. */
bool flash_chip_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    const uint32_t bank = (address - FLASH_ORIGIN) / BANK_SIZE;
    if (!begin(bank)) {
        return false;
    }
    FLASH_CR(bank) = FLASH_CR_PG | FLASH_CR_PSIZE_X64;
    barrier();
    for (uint32_t i = 0; i < FLASH_UNIT / 4u; i++) {
        REG32(address + i * 4u) = data[i];
    }
    barrier();
    return finish(bank);
}

#endif
