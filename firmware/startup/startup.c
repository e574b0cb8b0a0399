/*
 * Vector table and the way from reset to main().
 *
 * The image may be entered by reset, by the loader, by the ROM bootloader's Go command or by a debugger: nothing is taken
 * to be in its reset state.
 */
#include <stdint.h>

#include "boot/bootloader.h"
#include "boot/mailbox.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "startup/fault.h"
#include "startup/memory.h"

typedef void (*handler_t)(void);

typedef union {
    uint32_t *stack;
    handler_t handler;
} vector_t;

extern uint32_t __stack_limit[];
extern uint32_t __stack_top[];
extern const handler_t __init_array_start[];
extern const handler_t __init_array_end[];

int main(void);
void reset_handler(void);
void start(void);

/* No interrupt but SysTick is ever enabled, so the table ends with the system exceptions. */
__attribute__((used, section(".vectors"), aligned(128))) static const vector_t VECTORS[16] = {
    {.stack = __stack_top},
    {.handler = reset_handler},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = fault_entry},
    {.handler = systick_handler},
};

__attribute__((naked, noreturn)) void reset_handler(void)
{
    /* Privileged on the main stack, and the FPU (CPACR, CP10 and CP11) before the compiler can use it. */
    __asm volatile("cpsid i\n"
                   "movs r0, #0\n"
                   "msr control, r0\n"
                   "ldr r0, =__stack_top\n"
                   "msr msp, r0\n"
                   "isb\n"
                   "ldr r0, =0xE000ED88\n"
                   "ldr r1, [r0]\n"
                   "orr r1, r1, #0xF00000\n"
                   "str r1, [r0]\n"
                   "dsb\n"
                   "isb\n"
                   "b start\n");
}

__attribute__((noreturn)) void start(void)
{
    chip_power_memories();
    mailbox_open(chip_take_reset_cause());
    bootloader_enter_if_requested();
    core_start((uintptr_t)VECTORS, (uintptr_t)__stack_limit);
    memory_init();
    for (const handler_t *constructor = __init_array_start; constructor < __init_array_end; constructor++) {
        (*constructor)();
    }
    main();
    core_reset();
}
