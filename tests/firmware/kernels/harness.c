/**
 * @file harness.c
 * @brief Bare-metal run of generated kernel calls on QEMU's mps2-an500, results by semihosting.
 *
 * Prints one line per case: name, instructions (SysTick ticks of 40 instructions, the timer's own cost included), the
 * output in hexadecimal. The case table comes from the generated cases.c.
 */
#include <stdint.h>

#include "cases.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010U)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014U)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018U)
#define CPACR (*(volatile uint32_t *)0xE000ED88U)

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026, INSTRUCTIONS_PER_TICK = 40 };

extern uint32_t stack_top;
void reset(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&stack_top, (const void *)reset};

static void semihost(uint32_t operation, uintptr_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(const char *text)
{
    semihost(SYS_WRITE0, (uintptr_t)text);
}

static void print_number(uint32_t value)
{
    char digits[11];
    char *cursor = &digits[10];
    *cursor = '\0';
    do {
        *--cursor = (char)('0' + value % 10U);
        value /= 10U;
    } while (value != 0U);
    print(cursor);
}

static void print_bytes(const int8_t *data, uint32_t size)
{
    static char text[1 << 18];
    char *cursor = text;
    for (uint32_t index = 0; index < size; index++) {
        *cursor++ = "0123456789abcdef"[(uint8_t)data[index] >> 4];
        *cursor++ = "0123456789abcdef"[(uint8_t)data[index] & 15U];
    }
    *cursor = '\0';
    print(text);
}

void reset(void)
{
    CPACR |= 0xFU << 20;
    SYST_RVR = 0xFFFFFFU;
    for (uint32_t index = 0; index < case_count; index++) {
        SYST_CVR = 0U;
        SYST_CSR = 5U;
        cases[index].run();
        const uint32_t ticks = 0xFFFFFFU - SYST_CVR;
        SYST_CSR = 0U;
        print(cases[index].name);
        print(" ");
        print_number(ticks * INSTRUCTIONS_PER_TICK);
        print(" ");
        print_bytes(cases[index].output, cases[index].output_size);
        print("\n");
    }
    semihost(SYS_EXIT, APPLICATION_EXIT);
    for (;;) {
    }
}
