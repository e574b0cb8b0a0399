/* The console of the monitor. */
#include "monitor.h"

void put(char c)
{
    while (!(UART(0x1C) & (1u << 7))) {
    }
    UART(0x28) = (uint8_t)c;
}

void say(const char *text)
{
    while (*text) {
        put(*text++);
    }
}

void hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        put("0123456789abcdef"[(value >> shift) & 15u]);
    }
    put(' ');
}

void flush(void)
{
#ifndef NO_FLUSH
    while (!(UART(0x1C) & (1u << 6))) {
    }
#endif
}

char get(void)
{
    while (!(UART(0x1C) & (1u << 5))) {
    }
    return (char)UART(0x24);
}
