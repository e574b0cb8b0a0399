/**
 * @file stm32f7.h
 * @brief Registers of STM32F76x/F77x (RM0410) that differ from other families.
 */
#ifndef EDGEL3_DRIVERS_STM32F7_H
#define EDGEL3_DRIVERS_STM32F7_H

#define GPIOA_BASE 0x40020000u

/** RCC (RM0410 section 5.3). */
#define RCC_CR REG32(0x40023800u)
#define RCC_CR_HSION BIT(0)
#define RCC_CR_HSIRDY BIT(1)
#define RCC_CR_HSEON BIT(16)
#define RCC_CR_HSERDY BIT(17)
#define RCC_CR_HSEBYP BIT(18)
#define RCC_CR_PLLON BIT(24)
#define RCC_CR_PLLRDY BIT(25)
#define RCC_PLLCFGR REG32(0x40023804u)
#define RCC_PLLCFGR_M(m) (m)
#define RCC_PLLCFGR_N(n) ((n) << 6)
#define RCC_PLLCFGR_P(p) (((p) / 2u - 1u) << 16)
#define RCC_PLLCFGR_SRC_HSE BIT(22)
#define RCC_PLLCFGR_Q(q) ((q) << 24)
#define RCC_PLLCFGR_R(r) ((r) << 28)
#define RCC_CFGR REG32(0x40023808u)
#define RCC_CFGR_SW_MASK 3u
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL 2u
#define RCC_CFGR_SWS_MASK (3u << 2)
#define RCC_CFGR_SWS_HSI (0u << 2)
#define RCC_CFGR_SWS_PLL (2u << 2)
#define RCC_CFGR_PRESCALERS_MASK 0xFCF0u
#define RCC_CFGR_PPRE1_DIV4 (5u << 10)
#define RCC_CFGR_PPRE2_DIV2 (4u << 13)
#define RCC_APB1RSTR REG32(0x40023820u)
#define RCC_APB2RSTR REG32(0x40023824u)
#define RCC_GPIOENR REG32(0x40023830u)
#define RCC_APB1ENR REG32(0x40023840u)
#define RCC_APB1ENR_PWREN BIT(28)
#define RCC_APB2ENR REG32(0x40023844u)
#define RCC_CSR REG32(0x40023874u)
#define RCC_CSR_RMVF BIT(24)
#define RCC_CSR_SFTRSTF BIT(28)
/** Kernel clocks of the UARTs; 0 selects the APB clock. */
#define RCC_UART_CLOCKS REG32(0x40023890u)
#define RCC_UART_CLOCKS_MASK 0xFFFFu

/** PWR (RM0410 section 4.4). */
#define PWR_CR1 REG32(0x40007000u)
#define PWR_CR1_VOS_SCALE1 (3u << 14)
#define PWR_CR1_ODEN BIT(16)
#define PWR_CR1_ODSWEN BIT(17)
#define PWR_CSR1 REG32(0x40007004u)
#define PWR_CSR1_ODRDY BIT(16)
#define PWR_CSR1_ODSWRDY BIT(17)

/** Flash interface (RM0410 section 3.7). */
#define FLASH_ACR REG32(0x40023C00u)
#define FLASH_ACR_LATENCY_MASK 0xFu
#define FLASH_ACR_PRFTEN BIT(8)
#define FLASH_ACR_ARTEN BIT(9)

#define DBGMCU_IDCODE REG32(0xE0042000u)

#endif
