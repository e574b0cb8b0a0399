/**
 * @file stm32h7.h
 * @brief Registers of STM32H742/H743/H753 (RM0433) that differ from other families.
 */
#ifndef EDGEL3_DRIVERS_STM32H7_H
#define EDGEL3_DRIVERS_STM32H7_H

#define GPIOA_BASE 0x58020000u
#define IWDG_BASE 0x58004800u

/** Internal oscillator. */
#define HSI_HZ 64000000u

/** RCC (RM0433 section 8.7). */
#define RCC_CR REG32(0x58024400u)
#define RCC_CR_HSION BIT(0)
#define RCC_CR_HSIRDY BIT(2)
#define RCC_CR_HSIDIV_MASK (3u << 3)
#define RCC_CR_HSIDIVF BIT(5)
#define RCC_CR_HSEON BIT(16)
#define RCC_CR_HSERDY BIT(17)
#define RCC_CR_HSEBYP BIT(18)
#define RCC_CR_PLL1ON BIT(24)
#define RCC_CR_PLL1RDY BIT(25)
#define RCC_CR_PLL2ON BIT(26)
#define RCC_CR_PLL2RDY BIT(27)
#define RCC_CFGR REG32(0x58024410u)
#define RCC_CFGR_SW_MASK 7u
#define RCC_CFGR_SW_HSI 0u
#define RCC_CFGR_SW_PLL1 3u
#define RCC_CFGR_SWS_MASK (7u << 3)
#define RCC_CFGR_SWS_HSI (0u << 3)
#define RCC_CFGR_SWS_PLL1 (3u << 3)
#define RCC_D1CFGR REG32(0x58024418u)
#define RCC_D1CFGR_HPRE_DIV2 8u
#define RCC_D1CFGR_D1PPRE_DIV2 (4u << 4)
#define RCC_D2CFGR REG32(0x5802441Cu)
#define RCC_D2CFGR_D2PPRE1_DIV2 (4u << 4)
#define RCC_D2CFGR_D2PPRE2_DIV2 (4u << 8)
#define RCC_D3CFGR REG32(0x58024420u)
#define RCC_D3CFGR_D3PPRE_DIV2 (4u << 4)
#define RCC_PLLCKSELR REG32(0x58024428u)
#define RCC_PLLCKSELR_PLLSRC_MASK 3u
#define RCC_PLLCKSELR_PLLSRC_HSE 2u
#define RCC_PLLCKSELR_DIVM1_MASK (63u << 4)
#define RCC_PLLCKSELR_DIVM1(m) ((m) << 4)
#define RCC_PLLCKSELR_DIVM2_MASK (63u << 12)
#define RCC_PLLCKSELR_DIVM2(m) ((m) << 12)
#define RCC_PLLCFGR REG32(0x5802442Cu)
#define RCC_PLLCFGR_PLL1_MASK (0xFu | (7u << 16))
#define RCC_PLLCFGR_PLL1RGE(range) ((range) << 2)
#define RCC_PLLCFGR_PLL2_MASK ((0xFu << 4) | (7u << 19))
#define RCC_PLLCFGR_PLL2VCOSEL_MEDIUM BIT(5)
#define RCC_PLLCFGR_PLL2RGE(range) ((range) << 6)
#define RCC_PLLCFGR_DIVP1EN BIT(16)
#define RCC_PLLCFGR_DIVP2EN BIT(19)
#define RCC_PLL1DIVR REG32(0x58024430u)
#define RCC_PLL1DIVR_N(n) ((n)-1u)
#define RCC_PLL1DIVR_P(p) (((p)-1u) << 9)
#define RCC_PLL1DIVR_Q(q) (((q)-1u) << 16)
#define RCC_PLL1DIVR_R(r) (((r)-1u) << 24)
#define RCC_PLL2DIVR REG32(0x58024438u)
#define RCC_PLL2DIVR_N(n) ((n)-1u)
#define RCC_PLL2DIVR_P(p) (((p)-1u) << 9)
#define RCC_PLL2DIVR_Q(q) (((q)-1u) << 16)
#define RCC_PLL2DIVR_R(r) (((r)-1u) << 24)
/** Kernel clock of SAI1. */
#define RCC_D2CCIP1R REG32(0x58024450u)
#define RCC_D2CCIP1R_SAI1SEL_MASK 7u
#define RCC_D2CCIP1R_SAI1SEL_PLL2P 1u
/** Kernel clocks of the UARTs (D2CCIP2R); 0 selects the APB clock. */
#define RCC_UART_CLOCKS REG32(0x58024454u)
#define RCC_UART_CLOCKS_MASK 0x3Fu
#define RCC_UART_CLOCKS_HSI 0x1Bu
#define RCC_APB1RSTR REG32(0x58024490u)
#define RCC_APB2RSTR REG32(0x58024498u)
#define RCC_RSR REG32(0x580244D0u)
#define RCC_RSR_RMVF BIT(16)
#define RCC_RSR_BORRSTF BIT(21)
#define RCC_RSR_PINRSTF BIT(22)
#define RCC_RSR_PORRSTF BIT(23)
#define RCC_RSR_SFTRSTF BIT(24)
#define RCC_RSR_IWDG1RSTF BIT(26)
#define RCC_RSR_WWDG1RSTF BIT(28)
#define RCC_AHB1ENR REG32(0x580244D8u)
#define RCC_AHB1ENR_DMAEN(dma) BIT((dma)-1u)
#define RCC_AHB2ENR REG32(0x580244DCu)
#define RCC_AHB2ENR_SRAM123EN (7u << 29)
#define RCC_GPIOENR REG32(0x580244E0u)
#define RCC_APB1ENR REG32(0x580244E8u)
#define RCC_APB2ENR REG32(0x580244F0u)
#define RCC_APB2ENR_SAI1EN BIT(22)
#define RCC_APB4ENR REG32(0x580244F4u)
#define RCC_APB4ENR_SYSCFGEN BIT(1)

/** PWR (RM0433 section 6.8). */
#define PWR_CSR1 REG32(0x58024804u)
#define PWR_CSR1_ACTVOSRDY BIT(13)
#define PWR_CR3 REG32(0x5802480Cu)
#define PWR_CR3_BYPASS BIT(0)
#define PWR_CR3_LDOEN BIT(1)
#define PWR_CR3_SCUEN BIT(2)
#define PWR_D3CR REG32(0x58024818u)
#define PWR_D3CR_VOSRDY BIT(13)
#define PWR_D3CR_VOS_MASK (3u << 14)
#define PWR_D3CR_VOS1 (3u << 14)

/** SYSCFG (RM0433 section 12.3). */
#define SYSCFG_PWRCR REG32(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN BIT(0)

/** Flash interface (RM0433 section 4.9). */
#define FLASH_ACR REG32(0x52002000u)
#define FLASH_ACR_MASK 0x3Fu
#define FLASH_ACR_WRHIGHFREQ(delay) ((delay) << 4)

#define FLASH_KEYR(bank) REG32(0x52002004u + 0x100u * (bank))
#define FLASH_KEYR_KEY1 0x45670123u
#define FLASH_KEYR_KEY2 0xCDEF89ABu
#define FLASH_CR(bank) REG32(0x5200200Cu + 0x100u * (bank))
#define FLASH_CR_LOCK BIT(0)
#define FLASH_CR_PG BIT(1)
#define FLASH_CR_SER BIT(2)
#define FLASH_CR_PSIZE_X64 (3u << 4)
#define FLASH_CR_START BIT(7)
#define FLASH_CR_SNB(sector) ((sector) << 8)
#define FLASH_SR(bank) REG32(0x52002010u + 0x100u * (bank))
#define FLASH_SR_BSY BIT(0)
#define FLASH_SR_QW BIT(2)
#define FLASH_SR_EOP BIT(16)
/** WRPERR, PGSERR, STRBERR, INCERR, OPERR. */
#define FLASH_SR_ERRORS (BIT(17) | BIT(18) | BIT(19) | BIT(21) | BIT(22))
#define FLASH_SR_DBECCERR BIT(26)
/** Clears the flags of FLASH_SR, at the same places. */
#define FLASH_CCR(bank) REG32(0x52002014u + 0x100u * (bank))

/** AXI interconnect: read issuing capability of the AXI SRAM (RM0433 section 2.2.4, AXI_TARG7_FN_MOD). */
#define AXI_TARG7_FN_MOD REG32(0x51008108u)
#define AXI_FN_MOD_READ_ISS_OVERRIDE BIT(0)

/** DMA1 and DMA2 (RM0433 section 15.5); streams serve the requests that DMAMUX1 (section 17.6) gives them. */
#define DMA_BASE(dma) (0x4001FC00u + 0x400u * (dma))
/** Without it a stream may lock up with a UART (ES0392). */
#define DMA_SXCR_TRBUFF BIT(20)
#define DMAMUX1_CCR(dma, stream) REG32(0x40020800u + 4u * (8u * ((dma)-1u) + (stream)))
/** Controller and stream that this firmware takes for what a UART receives, and DMAMUX1's inputs (RM0433 table 121). */
#define USART1_RX_DMA 1
#define USART1_RX_STREAM 0
#define USART1_RX_REQUEST 41
#define USART2_RX_DMA 1
#define USART2_RX_STREAM 0
#define USART2_RX_REQUEST 43
#define USART3_RX_DMA 1
#define USART3_RX_STREAM 0
#define USART3_RX_REQUEST 45
#define UART4_RX_DMA 1
#define UART4_RX_STREAM 0
#define UART4_RX_REQUEST 63
#define UART5_RX_DMA 1
#define UART5_RX_STREAM 0
#define UART5_RX_REQUEST 65
#define USART6_RX_DMA 1
#define USART6_RX_STREAM 0
#define USART6_RX_REQUEST 71
#define UART7_RX_DMA 1
#define UART7_RX_STREAM 0
#define UART7_RX_REQUEST 79
#define UART8_RX_DMA 1
#define UART8_RX_STREAM 0
#define UART8_RX_REQUEST 81

#define DBGMCU_IDCODE REG32(0x5C001000u)
/** Revisions below, among them Y, have an AXI SRAM that may be read wrongly, and no 480 MHz (ES0392). */
#define DBGMCU_REVISION_B 0x2000u

#endif
