/* Cortex-M7 set-up; registers in cortex_m7.h. */
#include "drivers/core.h"

#include <stdbool.h>

#include "board.h"
#include "drivers/cortex_m7.h"

#define LOG2(power_of_two) ((uint32_t)__builtin_ctz(power_of_two))

static void silence_interrupts(void)
{
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    for (uint32_t i = 0; i < NVIC_REGISTERS; i++) {
        NVIC_ICER(i) = UINT32_MAX;
        NVIC_ICPR(i) = UINT32_MAX;
    }
}

static void close_region(uint32_t region, uintptr_t origin, uint32_t log2_bytes, uint32_t disabled_subregions)
{
    MPU_RNR = region;
    MPU_RBAR = (uint32_t)origin;
    MPU_RASR =
        MPU_RASR_XN | MPU_RASR_SRD(disabled_subregions) | MPU_RASR_SIZE(log2_bytes) | MPU_RASR_ENABLE;
}

#ifdef BOARD_DMA_RAM_SIZE
/* Normal memory that no cache holds: what DMA controllers write is read there as it is (AN4839). */
static void open_to_dma(void)
{
    MPU_RNR = 4;
    MPU_RBAR = BOARD_DMA_RAM_ORIGIN;
    MPU_RASR = MPU_RASR_XN | MPU_RASR_FULL_ACCESS | MPU_RASR_NON_CACHEABLE | MPU_RASR_SIZE(LOG2(BOARD_DMA_RAM_SIZE)) |
               MPU_RASR_ENABLE;
}
#endif

/* Whoever ran before may have left regions behind. */
static void disable_protection(void)
{
    barrier();
    MPU_CTRL = 0;
    barrier();
    for (uint32_t region = 0; region < MPU_TYPE_DREGION(MPU_TYPE); region++) {
        MPU_RNR = region;
        MPU_RASR = 0;
    }
    barrier();
}

/*
 * Regions without access over the default map, in fault handlers too.
 *
 * External memory, 0x60000000 to 0xDFFFFFFF: the core reads ahead speculatively, and an access to a controller that is
 * not set up can stall the bus for good (AN4838, AN4861). The region spans 4 GB in eight subregions of 512 MB, four
 * of them disabled.
 *
 * 0x10000000 to 0x1FFFFFFF: nothing of the firmware's is there, and a stack at the bottom of the DTCM that overflows by
 * more than the guard runs into it.
 *
 * The first bytes of the ITCM: where a null pointer leads.
 */
static void close_memory(uintptr_t stack_limit)
{
    disable_protection();
    close_region(0, 0x00000000u, 32u, 0x87u);
    close_region(1, 0x10000000u, 28u, 0);
    close_region(2, stack_limit, LOG2(CORE_STACK_GUARD), 0);
    if (BOARD_NULL_GUARD != 0) {
        close_region(3, 0x00000000u, LOG2(BOARD_NULL_GUARD), 0);
    }
#ifdef BOARD_DMA_RAM_SIZE
    open_to_dma();
#endif
    MPU_CTRL = MPU_CTRL_ENABLE | MPU_CTRL_HFNMIENA | MPU_CTRL_PRIVDEFENA;
    barrier();
}

static void enable_instruction_cache(void)
{
    if ((SCB_CCR & SCB_CCR_IC) != 0) {
        return;
    }
    SCB_ICIALLU = 0;
    barrier();
    SCB_CCR |= SCB_CCR_IC;
    barrier();
}

/* By set and way (Cortex-M7 TRM 4.6): lines of 32 bytes, the way in the topmost bits. */
static void maintain_data_cache(volatile uint32_t *operation)
{
    SCB_CSSELR = 0;
    barrier();
    const uint32_t geometry = SCB_CCSIDR;
    const uint32_t last_set = (geometry >> 13) & 0x7FFFu;
    const uint32_t last_way = (geometry >> 3) & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            *operation = (way << 30) | (set << 5);
        }
    }
    barrier();
}

static void enable_data_cache(void)
{
    if ((SCB_CCR & SCB_CCR_DC) != 0) {
        /* Whoever ran before may have cached what DMA controllers write. */
        maintain_data_cache(&SCB_DCCISW);
        return;
    }
    maintain_data_cache(&SCB_DCISW);
    SCB_CCR |= SCB_CCR_DC;
    barrier();
}

void core_start(uintptr_t vectors, uintptr_t stack_limit)
{
    silence_interrupts();
    SCB_VTOR = (uint32_t)vectors;
    SCB_CCR |= SCB_CCR_DIV_0_TRP;
    barrier();
    __asm volatile("cpsie i" ::: "memory");
    close_memory(stack_limit);
    enable_instruction_cache();
    enable_data_cache();
}

void core_start_image(uintptr_t vectors)
{
    __asm volatile("cpsid i" ::: "memory");
    silence_interrupts();
    disable_protection();
    /* Off first, so that nothing is left behind; one that was never on holds anything, which must not be written back. */
    const bool caches_data = (SCB_CCR & SCB_CCR_DC) != 0;
    SCB_CCR &= ~(SCB_CCR_DC | SCB_CCR_IC);
    barrier();
    if (caches_data) {
        maintain_data_cache(&SCB_DCCISW);
    }
    SCB_ICIALLU = 0;
    barrier();
    SCB_VTOR = (uint32_t)vectors;
    const uint32_t stack_pointer = REG32(vectors);
    const uint32_t reset_vector = REG32(vectors + 4u);
    __asm volatile("msr msp, %0\n"
                   "isb\n"
                   "cpsie i\n"
                   "bx %1\n"
                   :
                   : "r"(stack_pointer), "r"(reset_vector));
    __builtin_unreachable();
}

core_fault_t core_fault_status(void)
{
    return (core_fault_t){.cfsr = SCB_CFSR, .hfsr = SCB_HFSR, .mmfar = SCB_MMFAR, .bfar = SCB_BFAR};
}

static void maintain_lines(volatile uint32_t *operation, uintptr_t address, uint32_t size)
{
    barrier();
    for (uintptr_t line = address & ~(uintptr_t)(CACHE_LINE - 1u); line < address + size; line += CACHE_LINE) {
        *operation = (uint32_t)line;
    }
    barrier();
}

void core_clean(uintptr_t address, uint32_t size)
{
    maintain_lines(&SCB_DCCMVAC, address, size);
}

void core_invalidate(uintptr_t address, uint32_t size)
{
    maintain_lines(&SCB_DCIMVAC, address, size);
}

void core_reset(void)
{
    barrier();
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    barrier();
    for (;;) {
    }
}
