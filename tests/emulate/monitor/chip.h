/* Registers by address, and what each chip's file provides. */
#ifndef CHIP_H
#define CHIP_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#ifdef STM32H7
#define CHIP_NAME "h7"
#define UART_BASE 0x40004800u
#define CLOCK_SWITCH 0x58024410u
#define RESET_CAUSES 0x580244D0u
#define POWER_ON (1u << 23)
#define REMOVE_CAUSES (1u << 16)
#define DBGMCU 0x5C001000u
#define ROM_BOOTLOADER 0x1FF09800u
#else
#define CHIP_NAME "f7"
#define UART_BASE 0x40011000u
#define CLOCK_SWITCH 0x40023808u
#define RESET_CAUSES 0x40023874u
#define POWER_ON (1u << 27)
#define REMOVE_CAUSES (1u << 24)
#define DBGMCU 0xE0042000u
#define ROM_BOOTLOADER 0x1FF00000u
#endif
#ifdef STM32H7
#define IWDG 0x58004800u
#else
#define IWDG 0x40003000u
#endif
#define UART(offset) REG(UART_BASE + (offset))

void stop_clocks(void);
void start_clocks(void);
void start_uart(void);
void program_flash(void);
void program_twice(void);
void put(char c);
void say(const char *text);
void hex(uint32_t value);

#endif
