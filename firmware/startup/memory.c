/*
 * Everything that the image owns in RAM is written before it is read, the arenas too: STM32H7 memories carry ECC, which
 * is undefined until the first write of a whole word (RM0433 section 2.4): double words, as the ITCM's are.
 */
#include "startup/memory.h"

#include "drivers/core.h"
#include "drivers/cortex_m7.h"

#define PAINT 0xC5C5C5C5u
/* Closed by core_start(). */
#define GUARD_WORDS (CORE_STACK_GUARD / sizeof(uint32_t))

typedef struct {
    const uint64_t *from;
    uint64_t *to;
    uint32_t size; /* bytes, a multiple of 8 */
} copy_t;

typedef struct {
    uint64_t *to;
    uint32_t size; /* bytes, a multiple of 8 */
} zero_t;

/* Defined by the linker script. */
extern uint32_t __stack_limit[];
extern uint32_t __stack_top[];
extern uint32_t __bss_end[];
extern uint8_t __application_size[]; /* its address is the number of bytes */
extern const copy_t __copy_table[];
extern const copy_t __copy_table_end[];
extern const zero_t __zero_table[];
extern const zero_t __zero_table_end[];

void memory_init(void)
{
    uint32_t *stack_pointer;
    __asm volatile("mov %0, sp" : "=r"(stack_pointer));
    for (uint32_t *word = __stack_limit + GUARD_WORDS; word < stack_pointer; word++) {
        *word = PAINT;
    }
    for (const copy_t *copy = __copy_table; copy < __copy_table_end; copy++) {
        for (uint32_t i = 0; i < copy->size / sizeof(uint64_t); i++) {
            copy->to[i] = copy->from[i];
        }
    }
    for (const zero_t *zero = __zero_table; zero < __zero_table_end; zero++) {
        for (uint32_t i = 0; i < zero->size / sizeof(uint64_t); i++) {
            zero->to[i] = 0;
        }
    }
    /* Code was among the copies: it must have arrived before it is fetched. */
    barrier();
}

uint32_t memory_stack_peak(void)
{
    const uint32_t *word = __stack_limit + GUARD_WORDS;
    while (word < __stack_top && *word == PAINT) {
        word++;
    }
    return (uint32_t)(__stack_top - word) * (uint32_t)sizeof(uint32_t);
}

uint32_t memory_stack_size(void)
{
    return (uint32_t)((uintptr_t)__stack_top - (uintptr_t)__stack_limit);
}

uint32_t memory_data_size(void)
{
    return (uint32_t)((uintptr_t)__bss_end - (uintptr_t)__stack_top + (uintptr_t)__application_size);
}

bool memory_in_stack(const void *address, uint32_t size)
{
    const uintptr_t first = (uintptr_t)address;
    return first >= (uintptr_t)(__stack_limit + GUARD_WORDS) && first <= (uintptr_t)__stack_top - size;
}
