/* Cortex-M7 set-up; registers in cortex_m7.h. */
#include "drivers/core.h"

#include "drivers/cortex_m7.h"

static void silence_interrupts(void)
{
    SYST_CSR = 0;
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
    for (uint32_t i = 0; i < NVIC_REGISTERS; i++) {
        NVIC_ICER(i) = UINT32_MAX;
        NVIC_ICPR(i) = UINT32_MAX;
    }
}

static void close_region(uint32_t region, uint32_t origin, uint32_t log2_bytes, uint32_t disabled_subregions)
{
    MPU_RNR = region;
    MPU_RBAR = origin;
    MPU_RASR =
        MPU_RASR_XN | MPU_RASR_SRD(disabled_subregions) | MPU_RASR_SIZE(log2_bytes) | MPU_RASR_ENABLE;
}

/*
 * Two regions without access over the default map.
 *
 * External memory, 0x60000000 to 0xDFFFFFFF: the core reads ahead speculatively, and an access to a controller that is
 * not set up can stall the bus for good (AN4838, AN4861). The region spans 4 GB in eight subregions of 512 MB, four
 * of them disabled.
 *
 * 0x10000000 to 0x1FFFFFFF: nothing of the firmware's is there, and a stack that overflows from the DTCM runs into it.
 */
static void close_foreign_memory(void)
{
    MPU_CTRL = 0;
    barrier();
    close_region(0, 0x00000000u, 32u, 0x87u);
    close_region(1, 0x10000000u, 28u, 0);
    MPU_CTRL = MPU_CTRL_ENABLE | MPU_CTRL_PRIVDEFENA;
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

/* Invalidation by set and way (Cortex-M7 TRM 4.6): lines of 32 bytes, the way in the topmost bits. */
static void enable_data_cache(void)
{
    if ((SCB_CCR & SCB_CCR_DC) != 0) {
        return;
    }
    SCB_CSSELR = 0;
    barrier();
    const uint32_t geometry = SCB_CCSIDR;
    const uint32_t last_set = (geometry >> 13) & 0x7FFFu;
    const uint32_t last_way = (geometry >> 3) & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            SCB_DCISW = (way << 30) | (set << 5);
        }
    }
    barrier();
    SCB_CCR |= SCB_CCR_DC;
    barrier();
}

void core_start(uintptr_t vectors)
{
    silence_interrupts();
    SCB_VTOR = (uint32_t)vectors;
    barrier();
    __asm volatile("cpsie i" ::: "memory");
    close_foreign_memory();
    enable_instruction_cache();
    enable_data_cache();
}

core_fault_t core_fault_status(void)
{
    return (core_fault_t){.cfsr = SCB_CFSR, .hfsr = SCB_HFSR, .mmfar = SCB_MMFAR, .bfar = SCB_BFAR};
}

void core_clean_line(uintptr_t address)
{
    barrier();
    SCB_DCCMVAC = (uint32_t)address;
    barrier();
}

void core_reset(void)
{
    barrier();
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    barrier();
    for (;;) {
    }
}
