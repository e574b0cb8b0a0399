/* Start-up of the monitor, its handlers, and its loop. */
#include "monitor.h"

extern uint32_t stack_top, ramcode_start[], ramcode_end[], ramcode_from[];
void reset_handler(void);
void hard_fault_handler(void);
void svc_handler(void);

volatile struct keep keep __attribute__((section(".noinit")));
volatile uint32_t svc_seen;
volatile float fpu_value = 1.0f;

__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    &stack_top, (const void *)reset_handler, 0, (const void *)hard_fault_handler,
    [11] = (const void *)svc_handler,
};

__attribute__((used)) void report_fault(const uint32_t *frame, uint32_t exc_return)
{
    say("fault ");
    hex(exc_return);
    hex(REG(0xE000ED28));
    hex(REG(0xE000ED2C));
    hex(REG(0xE000ED38));
    hex(frame[6]);
    say("\n");
    flush();
    REG(0xE000ED0C) = 0x05FA0004u;
    for (;;) {
    }
}

/* The stack pointer may be what is broken: start on a fresh stack. */
__attribute__((naked)) void hard_fault_handler(void)
{
    __asm volatile("mrs r0, msp\n mov r1, lr\n ldr r2, =stack_top\n msr msp, r2\n"
                   "ldr r3, =0x20000000\n cmp r0, r3\n it lo\n movlo r0, r2\n b report_fault\n");
}

__attribute__((naked)) void svc_handler(void)
{
    __asm volatile("ldr r0, =%0\n mov r1, #1\n str r1, [r0]\n bx lr\n" : : "i"(&svc_seen));
}

static void jump_to_bootloader(void)
{
    const uint32_t *table = (const uint32_t *)ROM_BOOTLOADER;
    __asm volatile("msr msp, %0\n bx %1\n" : : "r"(table[0]), "r"(table[1]));
}

__attribute__((noreturn)) void reset_handler(void)
{
    /* What RAM holds when power comes on is an accident, and on the STM32H7 without valid ECC. */
    if (REG(RESET_CAUSES) & POWER_ON) {
        keep.magic = 0u;
        keep.resets = 0u;
    }
    keep.causes = REG(RESET_CAUSES);
    REG(RESET_CAUSES) |= REMOVE_CAUSES;
    keep.entry[0] = REG(CLOCK_SWITCH);
    keep.entry[1] = REG(0x40011000u);
    keep.entry[2] = REG(0xE000E010u);
    keep.entry[3] = REG(0xE000ED08u);
    if (keep.magic == MAGIC) {
        keep.magic = 0u;
        jump_to_bootloader();
    }
    for (uint32_t *to = ramcode_start, *from = ramcode_from; to < ramcode_end;) {
        *to++ = *from++;
    }
    REG(0xE000ED08) = (uint32_t)vectors;
#ifndef FPU_STAYS_OFF
    REG(0xE000ED88) |= 0xFu << 20;
#endif
    __asm volatile("dsb\n isb\n");
    stop_clocks();
    start_clocks();
    start_uart();
    svc_seen = 0u;
    fpu_value = 1.0f;
    __asm volatile("mrs r0, control\n bic r0, #4\n msr control, r0\n isb\n" : : : "r0");
    say("up ");
    hex(keep.resets);
    say("\n");
    for (;;) {
        run(get());
    }
}
