/*
 * Two words that survive a reset carry the request. They count only after a software reset: after power-up the RAM
 * holds anything, and reading ECC memory that was never written is an error on STM32H7.
 */
#include "drivers/bootloader.h"

#include <stdint.h>

#include "board.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/cortex_m7.h"

#ifdef BOARD_BOOTLOADER_ENTRY

#define REQUEST 0xB0071DE5u

__attribute__((section(".noinit"), aligned(8))) static volatile uint32_t request[2];

bool bootloader_exists(void)
{
    return true;
}

void bootloader_request(void)
{
    request[0] = REQUEST;
    request[1] = ~REQUEST;
    core_clean_line((uintptr_t)request);
    core_reset();
}

void bootloader_enter_if_requested(void)
{
    if (!chip_reset_by_software() || request[0] != REQUEST || request[1] != ~REQUEST) {
        return;
    }
    request[0] = 0;
    request[1] = 0;
    barrier();
    SCB_VTOR = BOARD_BOOTLOADER_ENTRY;
    const uint32_t stack_pointer = REG32(BOARD_BOOTLOADER_ENTRY);
    const uint32_t reset_vector = REG32(BOARD_BOOTLOADER_ENTRY + 4u);
    __asm volatile("msr msp, %0\n"
                   "isb\n"
                   "cpsie i\n"
                   "bx %1\n"
                   :
                   : "r"(stack_pointer), "r"(reset_vector));
    __builtin_unreachable();
}

#else

bool bootloader_exists(void)
{
    return false;
}

void bootloader_request(void)
{
    core_reset();
}

void bootloader_enter_if_requested(void)
{
}

#endif
