/**
 * @file cortex_m7.h
 * @brief System registers of the Cortex-M7 (Armv7-M Architecture Reference Manual, DDI 0403; Cortex-M7 TRM, DDI 0489).
 */
#ifndef EDGEL3_DRIVERS_CORTEX_M7_H
#define EDGEL3_DRIVERS_CORTEX_M7_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define BIT(n) (1u << (n))

#define SYST_CSR REG32(0xE000E010u)
#define SYST_RVR REG32(0xE000E014u)
#define SYST_CVR REG32(0xE000E018u)
#define SYST_CSR_ENABLE BIT(0)
#define SYST_CSR_TICKINT BIT(1)
#define SYST_CSR_CLKSOURCE BIT(2)
#define SYST_CSR_COUNTFLAG BIT(16)

#define NVIC_ICER(n) REG32(0xE000E180u + 4u * (n))
#define NVIC_ICPR(n) REG32(0xE000E280u + 4u * (n))
#define NVIC_REGISTERS 8u

#define SCB_ICSR REG32(0xE000ED04u)
#define SCB_ICSR_PENDSTCLR BIT(25)
#define SCB_ICSR_PENDSTSET BIT(26)
#define SCB_VTOR REG32(0xE000ED08u)
#define SCB_AIRCR REG32(0xE000ED0Cu)
#define SCB_AIRCR_SYSRESETREQ (0x05FA0000u | BIT(2))
#define SCB_CCR REG32(0xE000ED14u)
#define SCB_CCR_DIV_0_TRP BIT(4)
#define SCB_CCR_BFHFNMIGN BIT(8)
#define SCB_CCR_DC BIT(16)
#define SCB_CCR_IC BIT(17)
#define SCB_CFSR REG32(0xE000ED28u)
#define SCB_CFSR_MEM_FAULT_MASK 0xFFu
#define SCB_CFSR_BUS_FAULT_MASK 0xFF00u
#define SCB_CFSR_USAGE_FAULT_MASK 0xFFFF0000u
#define SCB_HFSR REG32(0xE000ED2Cu)
#define SCB_MMFAR REG32(0xE000ED34u)
#define SCB_BFAR REG32(0xE000ED38u)
#define SCB_CCSIDR REG32(0xE000ED80u)
#define SCB_CSSELR REG32(0xE000ED84u)
#define SCB_ICIALLU REG32(0xE000EF50u)
#define SCB_DCIMVAC REG32(0xE000EF5Cu)
#define SCB_DCISW REG32(0xE000EF60u)
#define SCB_DCCMVAC REG32(0xE000EF68u)
#define SCB_DCCISW REG32(0xE000EF74u)
#define CACHE_LINE 32u

#define MPU_TYPE REG32(0xE000ED90u)
#define MPU_TYPE_DREGION(type) (((type) >> 8) & 0xFFu)
#define MPU_CTRL REG32(0xE000ED94u)
#define MPU_CTRL_ENABLE BIT(0)
#define MPU_CTRL_HFNMIENA BIT(1)
#define MPU_CTRL_PRIVDEFENA BIT(2)
#define MPU_RNR REG32(0xE000ED98u)
#define MPU_RBAR REG32(0xE000ED9Cu)
#define MPU_RASR REG32(0xE000EDA0u)
#define MPU_RASR_ENABLE BIT(0)
#define MPU_RASR_SIZE(log2_bytes) (((log2_bytes)-1u) << 1)
#define MPU_RASR_SRD(subregions) ((subregions) << 8)
#define MPU_RASR_NON_CACHEABLE (1u << 19) /**< TEX 1, C and B 0: normal memory */
#define MPU_RASR_FULL_ACCESS (3u << 24)
#define MPU_RASR_XN BIT(28)

#define DEMCR REG32(0xE000EDFCu)
#define DEMCR_TRCENA BIT(24)
#define DWT_CTRL REG32(0xE0001000u)
#define DWT_CTRL_CYCCNTENA BIT(0)
#define DWT_CYCCNT REG32(0xE0001004u)
#define DWT_LAR REG32(0xE0001FB0u)
#define DWT_LAR_KEY 0xC5ACCE55u

static inline void barrier(void)
{
    __asm volatile("dsb\n isb" ::: "memory");
}

#endif
