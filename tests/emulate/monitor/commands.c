/*
 * A small monitor for trying the virtual chips: one-letter commands over the UART, every other byte comes back.
 *
 *   ?  says who is there and what CPUID and DEV_ID read      f  reads where there is no memory
 *   F  the same with the FPU in use                          w  writes where there is no memory
 *   x  executes peripheral space                             u  executes an undefined instruction
 *   s  supervisor call and back                              S  the same with the FPU in use
 *   p  erases and programs flash                             r  resets, and counts that in RAM
 *   b  resets with a magic, whereupon start-up jumps into the ROM bootloader
 *   o  overflows the stack                                   d  divides in double precision
 *   k  gives the STM32H7's flash a wrong key
 *   m  reads what it has closed by the MPU
 *   c  says where the last reset came from                   g  starts the watchdog and hangs
 *   e  says what clock switch, USART1, SysTick and VTOR were on entry
 *   L  lights an LED at PJ5 (STM32F7)
 *   q  starts the watchdog and waits for bytes               H  starts the watchdog and locks up
 *   R  writes one block of RAM and reads another
 *   D  reads what the MPU closes with FAULTMASK set          E  the same with MPU_CTRL.HFNMIENA
 *   N  says so and never returns
 *   M  switches the MPU on with the regions that it finds
 *   t  programs a flash word twice and reads it              T  the same, reading with faults ignored
 *   z  divides by zero                                       Z  the same, with the trap on
 *   a  loads a word from an odd address                      A  the same from a peripheral
 *   U  the same as a, with the trap on
 *   l  loads two words from an odd address                   v  stores an FPU register to an odd address
 *   G  writes around a guard of 32 bytes, then into it       X  executes RAM that the MPU closes to execution
 *   n  counts to ten million and says so                     i  waits by WFI and WFE
 */
#include "monitor.h"

static void supervisor_call(void)
{
    float kept = fpu_value;
    uint32_t answer;
    __asm volatile("mov r0, #40\n mov r1, #2\n svc 0\n add %0, r0, r1\n" : "=r"(answer) : : "r0", "r1", "memory");
    fpu_value = kept;
    hex(answer);
    hex(svc_seen);
    say("\n");
}

static uint32_t overflow(volatile uint32_t depth)
{
    volatile uint32_t page[64];
    page[depth & 63u] = depth;
    return depth == UINT32_MAX ? 0u : overflow(depth + 1u) + page[0];
}

/* An eighth of a second. */
static void start_watchdog(void)
{
    REG(IWDG) = 0x5555u;
    REG(IWDG + 8u) = 999u;
    REG(IWDG) = 0xCCCCu;
}

static volatile uint32_t words[4];

static void clear_mpu(void)
{
    REG(0xE000ED94) = 0u;
    for (uint32_t region = 0; region < REG(0xE000ED90) >> 8; region++) {
        REG(0xE000ED98) = region;
        REG(0xE000EDA0) = 0u;
    }
}

/* A region, and no other, of 2 << size bytes with these attributes over the default map. */
static void close(uint32_t origin, uint32_t size, uint32_t attributes)
{
    clear_mpu();
    REG(0xE000ED98) = 7u;
    REG(0xE000ED9C) = origin;
    REG(0xE000EDA0) = attributes | size << 1 | 1u;
    REG(0xE000ED94) = 5u;
    __asm volatile("dsb\n isb\n");
}

/* Bus faults of loads are ignored at priority -1 with CCR.BFHFNMIGN: the status registers tell. */
static void read_ignoring_faults(void)
{
    REG(0xE000ED14) |= 1u << 8;
    __asm volatile("cpsid f\n dsb\n isb\n");
    (void)REG(0x08100020u);
    const uint32_t poisoned = REG(0xE000ED28), address = REG(0xE000ED38);
    REG(0xE000ED28) = poisoned;
    const uint32_t neighbour = REG(0x08100040u), sound = REG(0xE000ED28);
    (void)REG(0x60000000u);
    const uint32_t nothing = REG(0xE000ED28);
    REG(0xE000ED28) = nothing;
    __asm volatile("cpsie f\n");
    REG(0xE000ED14) &= ~(1u << 8);
    hex(poisoned);
    hex(address);
    hex(neighbour);
    hex(sound);
    hex(nothing);
    say("\n");
}

void run(char command)
{
    switch (command) {
    case '?':
        say(CHIP_NAME " ");
        hex(REG(0xE000ED00));
        hex(REG(DBGMCU) & 0xFFFu);
        say("\n");
        break;
    case 'F':
        fpu_value *= 2.0f; /* fall through */
    case 'f':
        hex(REG(0x60000000));
        break;
    case 'w':
        REG(0x60000000) = 1u;
        break;
    case 'x':
        ((void (*)(void))0x40000001u)();
        break;
    case 'k':
        REG(0x52002004) = 1u;
        break;
    case 'm':
        REG(0xE000ED98) = 0u;
        REG(0xE000ED9C) = 0x20008000u;
        REG(0xE000EDA0) = 1u << 28 | 9u << 1 | 1u;
        REG(0xE000ED94) = 5u;
        hex(REG(0x20008400));
        hex(REG(0x20008000));
        break;
    case 'c':
        hex(keep.causes);
        say("\n");
        break;
    case 'e':
        for (uint32_t i = 0; i < 4u; i++) {
            hex(keep.entry[i]);
        }
        say("\n");
        break;
#ifdef STM32F7
    case 'L': /* GPIOJ's clock, PJ5 an output, on and off and on */
        REG(0x40023830u) |= 1u << 9;
        (void)REG(0x40023830u);
        REG(0x40022400u) = 1u << 10;
        for (uint32_t i = 0; i < 3u; i++) {
            REG(0x40022418u) = i & 1u ? 1u << 21 : 1u << 5;
        }
        say("lit\n");
        break;
#endif
    case 'g':
        start_watchdog();
        for (;;) {
        }
    case 'N':
        say("stuck\n");
        for (;;) {
        }
    case 'D':
    case 'E':
        REG(0x20008000u) = 5u;
        close(0x20008000u, 9u, 1u << 28);
        if (command == 'E') {
            REG(0xE000ED94) = 7u;
        }
        __asm volatile("dsb\n isb\n cpsid f\n");
        words[0] = REG(0x20008000u);
        __asm volatile("cpsie f\n");
        hex(words[0]);
        say("\n");
        break;
    case 'R':
        REG(0x2001C800u) = 1u;
        hex(REG(0x2001C000u) & 0u);
        hex(REG(0x2001D000u) & 0u);
        hex(REG(0x2001D004u) & 0u);
        say("\n");
        break;
    case 'q':
        start_watchdog();
        for (;;) {
            (void)get();
        }
    case 'H':
        start_watchdog();
        __asm volatile("cpsid f\n udf #0\n");
        break;
    case 't':
        program_twice();
        hex(REG(0x08100020u));
        say("\n");
        break;
    case 'T':
        program_twice();
        read_ignoring_faults();
        break;
    case 'Z':
        REG(0xE000ED14) |= 1u << 4;
        __asm volatile("dsb\n isb\n"); /* fall through */
    case 'z': {
        volatile uint32_t one = 1u, zero = 0u;
        hex(one / zero);
        hex((uint32_t)((int32_t)one / (int32_t)zero));
        say("\n");
        break;
    }
    case 'U':
        REG(0xE000ED14) |= 1u << 3;
        __asm volatile("dsb\n isb\n"); /* fall through */
    case 'a':
        words[0] = 0x44332211u;
        words[1] = 0x88776655u;
        hex(*(volatile uint32_t *)((uintptr_t)words + 1u));
        say("\n");
        break;
    case 'A':
        hex(REG(UART_BASE + 1u));
        break;
    case 'l':
        __asm volatile("ldrd r2, r3, [%0, #4]" : : "r"((uintptr_t)words + 2u) : "r2", "r3", "memory");
        break;
    case 'v':
        fpu_value *= 2.0f;
        __asm volatile("vstr s0, [%0]" : : "r"((uintptr_t)words + 1u) : "memory");
        break;
    case 'G':
        close(0x20008400u, 4u, 0u);
        for (uint32_t i = 0; i < 8u; i++) {
            REG(0x20008420u + 4u * i) = i;
            REG(0x200083FCu - 4u * i) = REG(0x20008420u + 4u * i);
        }
        hex(REG(0x200083E0u));
        REG(0x2000841Cu) = 1u;
        break;
    case 'X':
        REG(0x20008420u) = 0x47704770u; /* bx lr, twice */
        ((void (*)(void))0x20008421u)();
        say("ran\n");
        close(0x20008400u, 9u, 1u << 28 | 3u << 24);
        ((void (*)(void))0x20008421u)();
        break;
    case 'M':
        REG(0xE000ED94) = 5u;
        __asm volatile("dsb\n isb\n");
        words[0] = 1u;
        hex(words[0]);
        say("\n");
        break;
    case 'u':
        __asm volatile("udf #0");
        break;
    case 'S':
        fpu_value *= 2.0f; /* fall through */
    case 's':
        supervisor_call();
        break;
    case 'p':
        program_flash();
        break;
    case 'b':
        say("leaving\n");
        keep.magic = MAGIC; /* fall through */
    case 'r':
        keep.resets += 1u;
        flush();
        REG(0xE000ED0C) = 0x05FA0004u;
        for (;;) {
        }
    case 'o':
        hex(overflow(0));
        break;
    case 'd': {
        volatile double one = 1.0, three = 3.0;
        double third = one / three;
        hex((uint32_t)(third * 3e9));
        say("\n");
        break;
    }
    case 'n':
        for (volatile uint32_t i = 0; i < 10000000u; i++) {
        }
        say("counted\n");
        break;
    case 'i':
        __asm volatile("wfi\n wfe\n wfe\n");
        say("awake\n");
        break;
    default:
        put(command);
    }
}
