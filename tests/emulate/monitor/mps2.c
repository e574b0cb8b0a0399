/* QEMU's mps2-an500: says who is there whenever it is sent a byte. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define UART0 0x40004000u

extern uint32_t stack_top;
void reset_handler(void);

__attribute__((section(".vectors"), used)) const void *const vectors[2] = {&stack_top, (const void *)reset_handler};

void reset_handler(void)
{
    REG(UART0 + 0x10) = 217u;
    REG(UART0 + 0x08) = 3u;
    for (;;) {
        while (!(REG(UART0 + 0x04) & 2u)) {
        }
        (void)REG(UART0);
        for (const char *c = "mps2\n"; *c; c++) {
            while (REG(UART0 + 0x04) & 1u) {
            }
            REG(UART0) = (uint8_t)*c;
        }
    }
}
