/* Registers by address, and what each chip's file provides. */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#ifdef STM32H7
#define CHIP_NAME "h7"
#define UART_BASE 0x40004800u
#define DBGMCU 0x5C001000u
#define ROM_BOOTLOADER 0x1FF09800u
#else
#define CHIP_NAME "f7"
#define UART_BASE 0x40011000u
#define DBGMCU 0xE0042000u
#define ROM_BOOTLOADER 0x1FF00000u
#endif
#define UART(offset) REG(UART_BASE + (offset))

void start_clocks(void);
void start_uart(void);
void program_flash(void);
void put(char c);
void say(const char *text);
void hex(uint32_t value);

#endif
