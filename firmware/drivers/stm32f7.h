/**
 * @file stm32f7.h
 * @brief Registers of STM32F76x/F77x (RM0410) that differ from other families.
 */
#ifndef EDGEL3_DRIVERS_STM32F7_H
#define EDGEL3_DRIVERS_STM32F7_H

#define GPIOA_BASE 0x40020000u
#define IWDG_BASE 0x40003000u

/** Internal oscillator. */
#define HSI_HZ 16000000u

/** RCC (RM0410 section 5.3). */
#define RCC_CR REG32(0x40023800u)
#define RCC_CR_HSION BIT(0)
#define RCC_CR_HSIRDY BIT(1)
#define RCC_CR_HSEON BIT(16)
#define RCC_CR_HSERDY BIT(17)
#define RCC_CR_HSEBYP BIT(18)
#define RCC_CR_PLLON BIT(24)
#define RCC_CR_PLLRDY BIT(25)
#define RCC_CR_PLLSAION BIT(28)
#define RCC_CR_PLLSAIRDY BIT(29)
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
#define RCC_AHB1ENR REG32(0x40023830u)
#define RCC_AHB1ENR_DMAEN(dma) BIT(20u + (dma))
#define RCC_APB1RSTR REG32(0x40023820u)
#define RCC_APB2RSTR REG32(0x40023824u)
#define RCC_GPIOENR REG32(0x40023830u)
#define RCC_APB1ENR REG32(0x40023840u)
#define RCC_APB1ENR_PWREN BIT(28)
#define RCC_APB2ENR REG32(0x40023844u)
#define RCC_APB2ENR_SAI1EN BIT(22)
#define RCC_APB2ENR_DFSDM1EN BIT(29)
#define RCC_CSR REG32(0x40023874u)
#define RCC_CSR_RMVF BIT(24)
#define RCC_CSR_BORRSTF BIT(25)
#define RCC_CSR_PINRSTF BIT(26)
#define RCC_CSR_PORRSTF BIT(27)
#define RCC_CSR_SFTRSTF BIT(28)
#define RCC_CSR_IWDGRSTF BIT(29)
#define RCC_CSR_WWDGRSTF BIT(30)
#define RCC_PLLSAICFGR REG32(0x40023888u)
#define RCC_PLLSAICFGR_N(n) ((n) << 6)
#define RCC_PLLSAICFGR_P(p) (((p) / 2u - 1u) << 16)
#define RCC_PLLSAICFGR_Q(q) ((q) << 24)
#define RCC_PLLSAICFGR_R(r) ((r) << 28)
/** Kernel clocks; 0 selects the APB clock for DFSDM1, and PLLSAI's output Q, divided, for SAI1. */
#define RCC_DCKCFGR1 REG32(0x4002388Cu)
#define RCC_DCKCFGR1_PLLSAIDIVQ_MASK (31u << 8)
#define RCC_DCKCFGR1_PLLSAIDIVQ(divider) (((divider)-1u) << 8)
#define RCC_DCKCFGR1_SAI1SEL_MASK (3u << 20)
#define RCC_DCKCFGR1_DFSDM1SEL BIT(25)
/** Kernel clocks of the UARTs; 0 selects the APB clock. */
#define RCC_UART_CLOCKS REG32(0x40023890u)
#define RCC_UART_CLOCKS_MASK 0xFFFFu
#define RCC_UART_CLOCKS_HSI 0xAAAAu

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

#define FLASH_KEYR REG32(0x40023C04u)
#define FLASH_KEYR_KEY1 0x45670123u
#define FLASH_KEYR_KEY2 0xCDEF89ABu
#define FLASH_SR REG32(0x40023C0Cu)
#define FLASH_SR_EOP BIT(0)
/** OPERR, WRPERR, PGAERR, PGPERR, ERSERR. */
#define FLASH_SR_ERRORS (BIT(1) | BIT(4) | BIT(5) | BIT(6) | BIT(7))
#define FLASH_SR_BSY BIT(16)
#define FLASH_CR REG32(0x40023C10u)
#define FLASH_CR_PG BIT(0)
#define FLASH_CR_SER BIT(1)
#define FLASH_CR_SNB(sector) ((sector) << 3)
#define FLASH_CR_PSIZE_X32 (2u << 8)
#define FLASH_CR_STRT BIT(16)
#define FLASH_CR_LOCK BIT(31)
#define FLASH_OPTCR REG32(0x40023C14u)
#define FLASH_OPTCR_NDBANK BIT(29)

/** DMA1 and DMA2 (RM0410 section 8.5). */
#define DMA_BASE(dma) (0x40025C00u + 0x400u * (dma))
#define DMA_SXCR_CHSEL(channel) ((channel) << 25)
/** Controller, stream and channel of what each UART receives (RM0410 tables 27 and 28). */
#define USART1_RX_DMA 2
#define USART1_RX_STREAM 2
#define USART1_RX_REQUEST 4
#define USART2_RX_DMA 1
#define USART2_RX_STREAM 5
#define USART2_RX_REQUEST 4
#define USART3_RX_DMA 1
#define USART3_RX_STREAM 1
#define USART3_RX_REQUEST 4
#define UART4_RX_DMA 1
#define UART4_RX_STREAM 2
#define UART4_RX_REQUEST 4
#define UART5_RX_DMA 1
#define UART5_RX_STREAM 0
#define UART5_RX_REQUEST 4
#define USART6_RX_DMA 2
#define USART6_RX_STREAM 1
#define USART6_RX_REQUEST 5
#define UART7_RX_DMA 1
#define UART7_RX_STREAM 3
#define UART7_RX_REQUEST 5
#define UART8_RX_DMA 1
#define UART8_RX_STREAM 6
#define UART8_RX_REQUEST 5

/** DFSDM1 (RM0410 sections 17.7 and 17.8). */
#define DFSDM1_CHCFGR1(channel) REG32(0x40017400u + 0x20u * (channel))
#define DFSDM_CHCFGR1_SITP_MASK 3u
#define DFSDM_CHCFGR1_SPICKSEL_CKOUT (1u << 2)
#define DFSDM_CHCFGR1_CHEN BIT(7)
#define DFSDM_CHCFGR1_CKOUTDIV(divider) (((divider)-1u) << 16)
#define DFSDM_CHCFGR1_DFSDMEN BIT(31)
#define DFSDM1_CHCFGR2(channel) REG32(0x40017404u + 0x20u * (channel))
#define DFSDM1_FLT0CR1 REG32(0x40017500u)
#define DFSDM_FLTCR1_DFEN BIT(0)
#define DFSDM_FLTCR1_RSWSTART BIT(17)
#define DFSDM_FLTCR1_RCONT BIT(18)
#define DFSDM_FLTCR1_RDMAEN BIT(21)
#define DFSDM_FLTCR1_RCH(channel) ((channel) << 24)
#define DFSDM_FLTCR1_FAST BIT(29)
#define DFSDM1_FLT0ISR REG32(0x40017508u)
#define DFSDM_FLTISR_ROVRF BIT(3)
#define DFSDM1_FLT0ICR REG32(0x4001750Cu)
#define DFSDM1_FLT0FCR REG32(0x40017514u)
#define DFSDM_FLTFCR_FORD(order) ((order) << 29)
#define DFSDM_FLTFCR_FOSR(oversampling) (((oversampling)-1u) << 16)
/** Address of the upper half of FLT0RDATAR, a sample's most significant 16 bits. */
#define DFSDM1_FLT0RDATAR_HIGH 0x4001751Eu

#define DBGMCU_IDCODE REG32(0xE0042000u)

#endif
