/* STM32F76x/F77x: HSE and main PLL to 216 MHz with over-drive; registers in stm32f7.h. */
#include "board.h"

#ifdef BOARD_FAMILY_STM32F7

#include "drivers/chip.h"
#include "drivers/stm32.h"

/* RM0410 table 7: 7 wait states up to 216 MHz at 2.7 to 3.6 V, enough for any lower clock. */
#define WAIT_STATES 7u
/* USB and the other consumers of Q and R are unused: the slowest settings. */
#define UNUSED_Q 15u
#define UNUSED_R 7u

/* DTCM, SRAM1 and SRAM2 always run. */
void chip_power_memories(void)
{
}

static void run_on_hsi(void)
{
    RCC_CR |= RCC_CR_HSION;
    stm32_wait(&RCC_CR, RCC_CR_HSIRDY, RCC_CR_HSIRDY);
    stm32_modify(&RCC_CFGR, RCC_CFGR_SW_MASK, RCC_CFGR_SW_HSI);
    stm32_wait(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_HSI);
    RCC_CFGR &= ~RCC_CFGR_PRESCALERS_MASK;
    RCC_CR &= ~RCC_CR_PLLON;
    stm32_wait(&RCC_CR, RCC_CR_PLLRDY, 0);
}

static bool stop_overdrive(void)
{
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    (void)RCC_APB1ENR;
    PWR_CR1 &= ~(PWR_CR1_ODEN | PWR_CR1_ODSWEN);
    return stm32_wait(&PWR_CSR1, PWR_CSR1_ODRDY | PWR_CSR1_ODSWRDY, 0);
}

static bool start_hse(void)
{
    RCC_CR &= ~RCC_CR_HSEON;
    stm32_wait(&RCC_CR, RCC_CR_HSERDY, 0);
    stm32_modify(&RCC_CR, RCC_CR_HSEBYP, BOARD_HSE_BYPASS ? RCC_CR_HSEBYP : 0);
    RCC_CR |= RCC_CR_HSEON;
    return stm32_wait(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY);
}

/*
 * RM0410 section 4.1.4, entering over-drive mode. The regulator's scale can only be set while the PLL is off. The loader
 * leaves over-drive on: it is left first, so that entering it is the same whoever started the image.
 */
static bool start_pll(void)
{
    if (!stop_overdrive()) {
        return false;
    }
    PWR_CR1 |= PWR_CR1_VOS_SCALE1;

    RCC_PLLCFGR = RCC_PLLCFGR_M(BOARD_PLL_M) | RCC_PLLCFGR_N(BOARD_PLL_N) | RCC_PLLCFGR_P(BOARD_PLL_P) |
                  RCC_PLLCFGR_SRC_HSE | RCC_PLLCFGR_Q(UNUSED_Q) | RCC_PLLCFGR_R(UNUSED_R);
    RCC_CR |= RCC_CR_PLLON;

    PWR_CR1 |= PWR_CR1_ODEN;
    if (!stm32_wait(&PWR_CSR1, PWR_CSR1_ODRDY, PWR_CSR1_ODRDY)) {
        return false;
    }
    PWR_CR1 |= PWR_CR1_ODSWEN;
    if (!stm32_wait(&PWR_CSR1, PWR_CSR1_ODSWRDY, PWR_CSR1_ODSWRDY)) {
        return false;
    }

    stm32_modify(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, WAIT_STATES | FLASH_ACR_PRFTEN | FLASH_ACR_ARTEN);
    if (!stm32_wait(&FLASH_ACR, FLASH_ACR_LATENCY_MASK, WAIT_STATES)) {
        return false;
    }
    return stm32_wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY);
}

static bool run_on_pll(void)
{
    stm32_modify(&RCC_CFGR, RCC_CFGR_PRESCALERS_MASK, RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2);
    stm32_modify(&RCC_CFGR, RCC_CFGR_SW_MASK, RCC_CFGR_SW_PLL);
    return stm32_wait(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL);
}

chip_clocks_t chip_start_clocks(void)
{
    run_on_hsi();
    if (start_hse() && start_pll() && run_on_pll()) {
        return (chip_clocks_t){BOARD_CPU_HZ, BOARD_CPU_HZ / 4u, BOARD_CPU_HZ / 2u};
    }
    run_on_hsi();
    return (chip_clocks_t){HSI_HZ, HSI_HZ, HSI_HZ};
}

chip_clocks_t chip_stop_clocks(void)
{
    run_on_hsi();
    RCC_CR &= ~RCC_CR_HSEON;
    (void)stop_overdrive();
    return (chip_clocks_t){HSI_HZ, HSI_HZ, HSI_HZ};
}

uint32_t chip_device_id(void)
{
    return DBGMCU_IDCODE;
}

/* A power-on sets the pin's flag too, and so does every reset that the chip asks for itself. */
link_reset_cause_t chip_take_reset_cause(void)
{
    const uint32_t flags = RCC_CSR;
    RCC_CSR |= RCC_CSR_RMVF;
    if ((flags & (RCC_CSR_PORRSTF | RCC_CSR_BORRSTF)) != 0) {
        return LINK_RESET_POWER_ON;
    }
    if ((flags & (RCC_CSR_IWDGRSTF | RCC_CSR_WWDGRSTF)) != 0) {
        return LINK_RESET_WATCHDOG;
    }
    if ((flags & RCC_CSR_SFTRSTF) != 0) {
        return LINK_RESET_SOFTWARE;
    }
    return (flags & RCC_CSR_PINRSTF) != 0 ? LINK_RESET_PIN : LINK_RESET_UNKNOWN;
}

#endif
