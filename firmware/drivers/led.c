/* A push-pull output at the slowest slew rate. */
#include "drivers/led.h"

#include "board.h"

#ifdef BOARD_LED_PIN

#include "drivers/stm32.h"

#define MODE_OUTPUT 1u
#define AT2 (2u * BOARD_LED_PIN)

void led_start(void)
{
    RCC_GPIOENR |= BIT(BOARD_LED_PORT);
    (void)RCC_GPIOENR;
    led_set(false);
    stm32_modify(&GPIO_OTYPER(BOARD_LED_PORT), BIT(BOARD_LED_PIN), 0);
    stm32_modify(&GPIO_OSPEEDR(BOARD_LED_PORT), 3u << AT2, 0);
    stm32_modify(&GPIO_PUPDR(BOARD_LED_PORT), 3u << AT2, 0);
    stm32_modify(&GPIO_MODER(BOARD_LED_PORT), 3u << AT2, MODE_OUTPUT << AT2);
}

void led_set(bool on)
{
    const bool high = on == (BOARD_LED_ACTIVE_HIGH != 0);
    GPIO_BSRR(BOARD_LED_PORT) = high ? BIT(BOARD_LED_PIN) : BIT(BOARD_LED_PIN + 16u);
}

#else

void led_start(void)
{
}

void led_set(bool on)
{
    (void)on;
}

#endif
