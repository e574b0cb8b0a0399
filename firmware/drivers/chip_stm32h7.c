/* STM32H742/H743/H753: HSE and PLL1 to 480 MHz at VOS0, supplied by the LDO; registers in stm32h7.h. */
#include "board.h"

#ifdef BOARD_FAMILY_STM32H7

#include "drivers/chip.h"
#include "drivers/stm32.h"

/* The most at VOS1, and on early silicon at all. */
#define VOS1_CPU_HZ 400000000u
/* RM0433 table 17: 4 wait states and programming delay 2 up to an AXI clock of 240 MHz, enough for any lower clock. */
#define WAIT_STATES 4u
#define PROGRAMMING_DELAY 2u

/* PLL1RGE: 1 to 2, 2 to 4, 4 to 8, 8 to 16 MHz. */
#define REFERENCE_HZ (BOARD_HSE_HZ / BOARD_PLL_M)
#define REFERENCE_RANGE                                                                                                \
    (REFERENCE_HZ < 2000000u ? 0u : REFERENCE_HZ < 4000000u ? 1u : REFERENCE_HZ < 8000000u ? 2u : 3u)

static bool is_early_silicon(void)
{
    return DBGMCU_IDCODE >> 16 < DBGMCU_REVISION_B;
}

void chip_power_memories(void)
{
    RCC_AHB2ENR |= RCC_AHB2ENR_SRAM123EN;
    (void)RCC_AHB2ENR;
    if (is_early_silicon()) {
        AXI_TARG7_FN_MOD = AXI_FN_MOD_READ_ISS_OVERRIDE;
    }
}

static void run_on_hsi(void)
{
    RCC_CR |= RCC_CR_HSION;
    stm32_wait(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    RCC_CR &= ~RCC_CR_HSIDIV_MASK;
    stm32_wait(&RCC_CR, RCC_CR_HSIDIVF, RCC_CR_HSIDIVF);
    stm32_modify(&RCC_CFGR, RCC_CFGR_SW_MASK, RCC_CFGR_SW_HSI);
    stm32_wait(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_HSI);
    RCC_D1CFGR = 0;
    RCC_D2CFGR = 0;
    RCC_D3CFGR = 0;
    RCC_CR &= ~RCC_CR_PLL1ON;
    stm32_wait(&RCC_CR, RCC_CR_PLL1RDY, 0);
}

/* RM0433 section 6.4.1: the supply is chosen by one write, which the chip then locks until power-down. */
static bool start_supply(void)
{
    stm32_modify(&PWR_CR3, PWR_CR3_SCUEN | PWR_CR3_BYPASS, PWR_CR3_LDOEN);
    if (!stm32_wait(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY)) {
        return false;
    }
    stm32_modify(&PWR_D3CR, PWR_D3CR_VOS_MASK, PWR_D3CR_VOS1);
    if (!stm32_wait(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY)) {
        return false;
    }
    if (BOARD_CPU_HZ <= VOS1_CPU_HZ) {
        return true;
    }
    /* RM0433 section 6.6.2: VOS0 is VOS1 with over-drive. */
    if (is_early_silicon()) {
        return false;
    }
    RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
    (void)RCC_APB4ENR;
    SYSCFG_PWRCR |= SYSCFG_PWRCR_ODEN;
    return stm32_wait(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY);
}

static bool start_hse(void)
{
    RCC_CR &= ~RCC_CR_HSEON;
    stm32_wait(&RCC_CR, RCC_CR_HSERDY, 0);
    stm32_modify(&RCC_CR, RCC_CR_HSEBYP, BOARD_HSE_BYPASS ? RCC_CR_HSEBYP : 0);
    RCC_CR |= RCC_CR_HSEON;
    return stm32_wait(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

static bool start_pll(void)
{
    stm32_modify(&RCC_PLLCKSELR, RCC_PLLCKSELR_PLLSRC_MASK | RCC_PLLCKSELR_DIVM1_MASK,
                 RCC_PLLCKSELR_PLLSRC_HSE | RCC_PLLCKSELR_DIVM1(BOARD_PLL_M));
    stm32_modify(&RCC_PLLCFGR, RCC_PLLCFGR_PLL1_MASK, RCC_PLLCFGR_PLL1RGE(REFERENCE_RANGE) | RCC_PLLCFGR_DIVP1EN);
    RCC_PLL1DIVR = RCC_PLL1DIVR_N(BOARD_PLL_N) | RCC_PLL1DIVR_P(BOARD_PLL_P) | RCC_PLL1DIVR_Q(BOARD_PLL_P) |
                   RCC_PLL1DIVR_R(BOARD_PLL_P);
    RCC_CR |= RCC_CR_PLL1ON;
    return stm32_wait(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY);
}

static bool run_on_pll(void)
{
    const uint32_t access = WAIT_STATES | FLASH_ACR_WRHIGHFREQ(PROGRAMMING_DELAY);
    stm32_modify(&FLASH_ACR, FLASH_ACR_MASK, access);
    if (!stm32_wait(&FLASH_ACR, FLASH_ACR_MASK, access)) {
        return false;
    }
    RCC_D1CFGR = RCC_D1CFGR_HPRE_DIV2 | RCC_D1CFGR_D1PPRE_DIV2;
    RCC_D2CFGR = RCC_D2CFGR_D2PPRE1_DIV2 | RCC_D2CFGR_D2PPRE2_DIV2;
    RCC_D3CFGR = RCC_D3CFGR_D3PPRE_DIV2;
    stm32_modify(&RCC_CFGR, RCC_CFGR_SW_MASK, RCC_CFGR_SW_PLL1);
    return stm32_wait(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL1);
}

chip_clocks_t chip_start_clocks(void)
{
    run_on_hsi();
    if (start_supply() && start_hse() && start_pll() && run_on_pll()) {
        return (chip_clocks_t){BOARD_CPU_HZ, BOARD_CPU_HZ / 4u, BOARD_CPU_HZ / 4u};
    }
    run_on_hsi();
    return (chip_clocks_t){HSI_HZ, HSI_HZ, HSI_HZ};
}

chip_clocks_t chip_stop_clocks(void)
{
    run_on_hsi();
    RCC_CR &= ~RCC_CR_HSEON;
    return (chip_clocks_t){HSI_HZ, HSI_HZ, HSI_HZ};
}

uint32_t chip_device_id(void)
{
    return DBGMCU_IDCODE;
}

/* A power-on sets the pin's flag too, and so does every reset that the chip asks for itself. */
link_reset_cause_t chip_take_reset_cause(void)
{
    const uint32_t flags = RCC_RSR;
    RCC_RSR |= RCC_RSR_RMVF;
    if ((flags & (RCC_RSR_PORRSTF | RCC_RSR_BORRSTF)) != 0) {
        return LINK_RESET_POWER_ON;
    }
    if ((flags & (RCC_RSR_IWDG1RSTF | RCC_RSR_WWDG1RSTF)) != 0) {
        return LINK_RESET_WATCHDOG;
    }
    if ((flags & RCC_RSR_SFTRSTF) != 0) {
        return LINK_RESET_SOFTWARE;
    }
    return (flags & RCC_RSR_PINRSTF) != 0 ? LINK_RESET_PIN : LINK_RESET_UNKNOWN;
}

#endif
