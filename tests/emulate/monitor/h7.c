/* STM32H743: 480 MHz at VOS0 from HSE bypass through PLL1; USART3 on PD8/PD9 at 115200 baud. */
#include "chip.h"

static const uint32_t RCC = 0x58024400u, PWR = 0x58024800u, FLASH = 0x52002000u, GPIOD = 0x58020C00u;
static const uint32_t SYSCFG = 0x58000400u;

#ifndef PROGRAMMING_DELAY
#define PROGRAMMING_DELAY 2u
#endif

/* Reading back gives the clock the cycles that it takes to start. */
static void enable(uint32_t address, uint32_t bits)
{
    REG(address) |= bits;
    (void)REG(address);
}

static void await(uint32_t address, uint32_t mask, uint32_t value)
{
    while ((REG(address) & mask) != value) {
    }
}

/* HSI is what the bootloader leaves running, too. */
void stop_clocks(void)
{
}

void start_clocks(void)
{
#ifdef READS_AXI_SRAM
    (void)REG(0x24000000u);
#endif
    REG(PWR + 0x0C) = 0x2u;
    await(PWR + 0x04, 1u << 13, 1u << 13);
    REG(PWR + 0x18) = 3u << 14;
    await(PWR + 0x18, 1u << 13, 1u << 13);
    enable(RCC + 0xF4, 1u << 1);
    REG(SYSCFG + 0x2C) |= 1u;
#ifndef NO_WAIT_FOR_VOLTAGE
    await(PWR + 0x18, 1u << 13, 1u << 13);
#endif
    REG(RCC + 0x00) |= 1u << 16 | 1u << 18;
    await(RCC + 0x00, 1u << 17, 1u << 17);
    REG(RCC + 0x28) = 2u | 1u << 4;
    REG(RCC + 0x2C) = 2u << 2 | 1u << 16;
    REG(RCC + 0x30) = 119u | 1u << 9;
    REG(RCC + 0x00) |= 1u << 24;
    await(RCC + 0x00, 1u << 25, 1u << 25);
    REG(FLASH + 0x00) = 4u | PROGRAMMING_DELAY << 4;
    REG(RCC + 0x18) = 8u | 4u << 4;
    REG(RCC + 0x1C) = 4u << 4 | 4u << 8;
    REG(RCC + 0x20) = 4u << 4;
    REG(RCC + 0x10) = 3u;
    await(RCC + 0x10, 7u << 3, 3u << 3);
#ifndef SRAM_STAYS_OFF
    REG(RCC + 0xDC) |= 7u << 29;
#endif
    REG(0x30000000u) = 1u;
}

void start_uart(void)
{
    enable(RCC + 0xE0, 1u << 3);
    enable(RCC + 0xE8, 1u << 18);
    REG(GPIOD + 0x00) = (REG(GPIOD + 0x00) & ~0x000F0000u) | 0x000A0000u;
    REG(GPIOD + 0x24) = (REG(GPIOD + 0x24) & ~0x000000FFu) | 0x00000077u;
    UART(0x0C) = (120000000u + 57600u) / 115200u;
    UART(0x00) = 1u << 0 | 1u << 2 | 1u << 3;
}

void program_flash(void)
{
    const uint32_t address = 0x08100000u, bank = FLASH + 0x100u;
    REG(address) = 0u;
    hex(REG(bank + 0x10));
    REG(bank + 0x14) = 0xFFFFFFFFu;
    REG(bank + 0x04) = 0x45670123u;
    REG(bank + 0x04) = 0xCDEF89ABu;
    REG(bank + 0x0C) = 3u << 4 | 0u << 8 | 1u << 2;
    REG(bank + 0x0C) |= 1u << 7;
    await(bank + 0x10, 1u << 2, 0u);
    REG(bank + 0x0C) = 3u << 4 | 1u << 1;
    for (uint32_t word = 0; word < 8u; word++) {
        hex(REG(address));
        REG(address + 4u * word) = 0xFFFF00F0u + word;
    }
    await(bank + 0x10, 1u << 2, 0u);
    REG(bank + 0x0C) = 1u;
    hex(REG(address));
    say("\n");
}

/* The second programming of a flash word spoils its ECC; the word before it stays readable. */
void program_twice(void)
{
    const uint32_t address = 0x08100000u, bank = FLASH + 0x100u;
    REG(bank + 0x04) = 0x45670123u;
    REG(bank + 0x04) = 0xCDEF89ABu;
    REG(bank + 0x0C) = 3u << 4 | 1u << 1;
    for (uint32_t turn = 0; turn < 2u; turn++) {
        for (uint32_t word = 0; word < 8u; word++) {
            REG(address + 32u + 4u * word) = 0xFFFFu << (16u * turn);
        }
        await(bank + 0x10, 1u << 2, 0u);
    }
    REG(bank + 0x0C) = 1u;
    hex(REG(address));
}
