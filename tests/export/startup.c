/* What a newlib program lacks on a bare Cortex-M: a vector table, and the floating-point unit switched on. */
#include <stdint.h>

extern void _start(void);

static void reset(void)
{
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
    _start();
}

static void stop(void)
{
    for (;;) {
    }
}

__attribute__((section(".vectors"))) const uintptr_t vectors[] = {
    0x20400000u, (uintptr_t)reset, (uintptr_t)stop, (uintptr_t)stop,
};
