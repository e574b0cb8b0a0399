/* STM32F7: 216 MHz from HSE through the PLL with over-drive; USART1 on PA9/PA10 at 115200 baud. */
#include "chip.h"

#ifndef HSE_MHZ
#define HSE_MHZ 25u
#endif
#ifndef WAIT_STATES
#define WAIT_STATES 7u
#endif
#ifndef BAUD
#define BAUD 115200u
#endif

static const uint32_t RCC = 0x40023800u, PWR = 0x40007000u, FLASH = 0x40023C00u, GPIOA = 0x40020000u;

/* Reading back gives the clock the cycles that it takes to start. */
static void enable(uint32_t address, uint32_t bits)
{
    REG(address) |= bits;
#ifndef NO_READ_BACK
    (void)REG(address);
#endif
}

/* Back to HSI without PLL: a bootloader may have left it running. */
void stop_clocks(void)
{
    REG(RCC + 0x08) = 0u;
    while (REG(RCC + 0x08) & 0xCu) {
    }
    REG(RCC + 0x00) &= ~(1u << 24);
    while (REG(RCC + 0x00) & (1u << 25)) {
    }
}

void start_clocks(void)
{
    enable(RCC + 0x40, 1u << 28);
    REG(RCC + 0x00) |= 1u << 16;
    while (!(REG(RCC + 0x00) & (1u << 17))) {
    }
    REG(RCC + 0x04) = HSE_MHZ | 432u << 6 | 0u << 16 | 1u << 22 | 9u << 24 | 2u << 28;
    REG(RCC + 0x00) |= 1u << 24;
    REG(PWR + 0x00) |= 1u << 16;
    while (!(REG(PWR + 0x04) & (1u << 16))) {
    }
    REG(PWR + 0x00) |= 1u << 17;
#ifndef NO_WAIT_FOR_OVERDRIVE
    while (!(REG(PWR + 0x04) & (1u << 17))) {
    }
#endif
    while (!(REG(RCC + 0x00) & (1u << 25))) {
    }
    REG(FLASH + 0x00) = WAIT_STATES | 1u << 8 | 1u << 9;
    REG(RCC + 0x08) = 5u << 10 | 4u << 13 | 2u;
    while ((REG(RCC + 0x08) & 0xCu) != 8u) {
    }
}

void start_uart(void)
{
    enable(RCC + 0x30, 1u << 0);
    enable(RCC + 0x44, 1u << 4);
    REG(GPIOA + 0x00) = (REG(GPIOA + 0x00) & ~0x003C0000u) | 0x00280000u;
    REG(GPIOA + 0x24) = (REG(GPIOA + 0x24) & ~0x00000FF0u) | 0x00000770u;
    UART(0x00) = 0u;
    UART(0x0C) = (108000000u + BAUD / 2u) / BAUD;
    UART(0x00) = 1u << 0 | 1u << 2 | 1u << 3;
}

/* In RAM, as flash cannot be fetched while it is programmed. */
__attribute__((section(".ramcode"), noinline)) static void burn(uint32_t address, uint32_t value)
{
    REG(FLASH + 0x10) = 2u << 8 | 1u << 0;
    REG(address) = value;
    while (REG(FLASH + 0x0C) & (1u << 16)) {
    }
    REG(FLASH + 0x10) = 0u;
}

void program_flash(void)
{
    const uint32_t address = 0x08100000u;
    REG(address) = 0u;
    hex(REG(FLASH + 0x0C));
    REG(FLASH + 0x0C) = 0xFFu;
    REG(FLASH + 0x04) = 0x45670123u;
    REG(FLASH + 0x04) = 0xCDEF89ABu;
    REG(FLASH + 0x10) = 2u << 8 | 8u << 3 | 1u << 1;
    REG(FLASH + 0x10) |= 1u << 16;
    while (REG(FLASH + 0x0C) & (1u << 16)) {
    }
    burn(address, 0xFFFF00FFu);
    burn(address, 0x0FFFFFFFu);
    hex(REG(address));
    REG(FLASH + 0x10) = 1u << 31;
    REG(FLASH + 0x10) = 2u << 8 | 1u << 0;
    hex(REG(FLASH + 0x10));
    say("\n");
}

/* Two programmings of one word clear the bits of both: the STM32F7's flash has no ECC. */
void program_twice(void)
{
    program_flash();
}
