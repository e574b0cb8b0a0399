/**
 * @file stm32.h
 * @brief Registers that the drivers use on STM32F7 (RM0410) and STM32H7 (RM0433).
 */
#ifndef EDGEL3_DRIVERS_STM32_H
#define EDGEL3_DRIVERS_STM32_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "drivers/cortex_m7.h"

#ifdef BOARD_FAMILY_STM32F7
#include "drivers/stm32f7.h"
#else
#include "drivers/stm32h7.h"
#endif

#define GPIO_BASE(port) (GPIOA_BASE + 0x400u * (port))
#define GPIO_MODER(port) REG32(GPIO_BASE(port) + 0x00u)
#define GPIO_OTYPER(port) REG32(GPIO_BASE(port) + 0x04u)
#define GPIO_OSPEEDR(port) REG32(GPIO_BASE(port) + 0x08u)
#define GPIO_PUPDR(port) REG32(GPIO_BASE(port) + 0x0Cu)
#define GPIO_BSRR(port) REG32(GPIO_BASE(port) + 0x18u)
#define GPIO_AFR(port, pin) REG32(GPIO_BASE(port) + 0x20u + 4u * ((pin) / 8u))

/** Independent watchdog (RM0410 section 29.4, RM0433 section 46.4). */
#define IWDG_KR REG32(IWDG_BASE + 0x00u)
#define IWDG_KR_FEED 0xAAAAu
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_KR_START 0xCCCCu
#define IWDG_PR REG32(IWDG_BASE + 0x04u)
#define IWDG_PR_DIV256 6u
#define IWDG_RLR REG32(IWDG_BASE + 0x08u)
#define IWDG_SR REG32(IWDG_BASE + 0x0Cu)
#define IWDG_SR_UPDATING (BIT(0) | BIT(1))

/** Ports as GPIO_BASE() and the clock enable bits count them. */
enum { GPIOA, GPIOB, GPIOC, GPIOD, GPIOE, GPIOF, GPIOG, GPIOH, GPIOI, GPIOJ, GPIOK };

/** Base address, bus (1 or 2) and bit in that bus's enable and reset registers of each UART. */
#define USART1_BASE 0x40011000u
#define USART1_BUS 2
#define USART1_BIT 4
#define USART2_BASE 0x40004400u
#define USART2_BUS 1
#define USART2_BIT 17
#define USART3_BASE 0x40004800u
#define USART3_BUS 1
#define USART3_BIT 18
#define UART4_BASE 0x40004C00u
#define UART4_BUS 1
#define UART4_BIT 19
#define UART5_BASE 0x40005000u
#define UART5_BUS 1
#define UART5_BIT 20
#define USART6_BASE 0x40011400u
#define USART6_BUS 2
#define USART6_BIT 5
#define UART7_BASE 0x40007800u
#define UART7_BUS 1
#define UART7_BIT 30
#define UART8_BASE 0x40007C00u
#define UART8_BUS 1
#define UART8_BIT 31

/** A DMA controller's stream (RM0410 section 8.5, RM0433 section 15.5); four of them share a register of flags. */
#define DMA_ISR(dma, stream) REG32(DMA_BASE(dma) + 0x00u + 4u * ((stream) / 4u))
#define DMA_IFCR(dma, stream) REG32(DMA_BASE(dma) + 0x08u + 4u * ((stream) / 4u))
#define DMA_FLAGS_AT(stream) (6u * ((stream) % 2u) + 16u * ((stream) / 2u % 2u))
/** FEIF, DMEIF, TEIF, HTIF and TCIF; they clear in IFCR at the same places. */
#define DMA_FLAGS 0x3Du
#define DMA_IFCR_ALL(stream) (DMA_FLAGS << DMA_FLAGS_AT(stream))
#define DMA_HTIF BIT(4)
#define DMA_TCIF BIT(5)
#define DMA_SXCR(dma, stream) REG32(DMA_BASE(dma) + 0x10u + 0x18u * (stream))
#define DMA_SXCR_EN BIT(0)
#define DMA_SXCR_CIRC BIT(8)
#define DMA_SXCR_MINC BIT(10)
#define DMA_SXCR_PSIZE(width) ((uint32_t)(width) << 11)
#define DMA_SXCR_MSIZE(width) ((uint32_t)(width) << 13)
#define DMA_SXCR_PL_HIGH (2u << 16)
#define DMA_SXNDTR(dma, stream) REG32(DMA_BASE(dma) + 0x14u + 0x18u * (stream))
#define DMA_SXPAR(dma, stream) REG32(DMA_BASE(dma) + 0x18u + 0x18u * (stream))
#define DMA_SXM0AR(dma, stream) REG32(DMA_BASE(dma) + 0x1Cu + 0x18u * (stream))
#define DMA_SXFCR(dma, stream) REG32(DMA_BASE(dma) + 0x24u + 0x18u * (stream))

#define MODE_ALTERNATE 2u
#define SPEED_HIGH 2u
#define NO_PULL 0u
#define PULL_UP 1u
#define PULL_DOWN 2u

/** Wait, at least 30 ms but boundedly, until the bits of `mask` read `value`; false if they never do. */
static inline bool stm32_wait(volatile const uint32_t *reg, uint32_t mask, uint32_t value)
{
    const uint32_t polls = 200000u;
    for (uint32_t i = 0; i < polls; i++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

/** Replace the bits of `mask` by `value`. */
static inline void stm32_modify(volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    *reg = (*reg & ~mask) | value;
}

/** Give a pin to a peripheral: push-pull, with a `pull` of NO_PULL, PULL_UP or PULL_DOWN. */
static inline void stm32_connect_pin(uint32_t port, uint32_t pin, uint32_t alternate_function, uint32_t pull)
{
    const uint32_t at2 = 2u * pin;
    const uint32_t at4 = 4u * (pin % 8u);
    RCC_GPIOENR |= BIT(port);
    (void)RCC_GPIOENR;
    stm32_modify(&GPIO_AFR(port, pin), 0xFu << at4, alternate_function << at4);
    stm32_modify(&GPIO_OTYPER(port), BIT(pin), 0);
    stm32_modify(&GPIO_OSPEEDR(port), 3u << at2, SPEED_HIGH << at2);
    stm32_modify(&GPIO_PUPDR(port), 3u << at2, pull << at2);
    stm32_modify(&GPIO_MODER(port), 3u << at2, MODE_ALTERNATE << at2);
}

#endif
