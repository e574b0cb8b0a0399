/* USART of STM32F7 (RM0410 section 34) and STM32H7 (RM0433 section 48), the same registers in both. */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) || defined(BOARD_FAMILY_STM32H7)

#include "drivers/stm32.h"
#include "drivers/uart.h"

#define JOIN(a, b) a##b
#define BASE_OF(uart) JOIN(uart, _BASE)
#define BUS_OF(uart) JOIN(uart, _BUS)
#define BIT_OF(uart) JOIN(uart, _BIT)
#define ON_APB2 (BUS_OF(BOARD_UART) == 2)
#define ENABLE_BIT BIT(BIT_OF(BOARD_UART))

#define UART_CR1 REG32(BASE_OF(BOARD_UART) + 0x00u)
#define UART_CR1_UE BIT(0)
#define UART_CR1_RE BIT(2)
#define UART_CR1_TE BIT(3)
#define UART_BRR REG32(BASE_OF(BOARD_UART) + 0x0Cu)
#define UART_ISR REG32(BASE_OF(BOARD_UART) + 0x1Cu)
#define UART_ISR_RXNE BIT(5)
#define UART_ISR_TC BIT(6)
#define UART_ISR_TXE BIT(7)
#define UART_ICR REG32(BASE_OF(BOARD_UART) + 0x20u)
#define UART_RDR REG32(BASE_OF(BOARD_UART) + 0x24u)
#define UART_TDR REG32(BASE_OF(BOARD_UART) + 0x28u)
/* Parity, framing, noise and overrun, at the same places in ISR and ICR. */
#define UART_ERRORS 0xFu

/* The ROM bootloader's Go command leaves the UART enabled, with parity. */
static void reset_and_enable(void)
{
    volatile uint32_t *const reset = ON_APB2 ? &RCC_APB2RSTR : &RCC_APB1RSTR;
    volatile uint32_t *const enable = ON_APB2 ? &RCC_APB2ENR : &RCC_APB1ENR;
    *enable |= ENABLE_BIT;
    (void)*enable;
    *reset |= ENABLE_BIT;
    (void)*reset;
    *reset &= ~ENABLE_BIT;
    RCC_UART_CLOCKS &= ~RCC_UART_CLOCKS_MASK;
}

void uart_start(const chip_clocks_t *clocks)
{
    const uint32_t kernel_hz = ON_APB2 ? clocks->apb2_hz : clocks->apb1_hz;
    reset_and_enable();
    stm32_connect_pin(BOARD_UART_TX_PORT, BOARD_UART_TX_PIN, BOARD_UART_ALTERNATE_FUNCTION, PULL_UP);
    stm32_connect_pin(BOARD_UART_RX_PORT, BOARD_UART_RX_PIN, BOARD_UART_ALTERNATE_FUNCTION, PULL_UP);
    UART_BRR = (kernel_hz + BOARD_UART_BAUDRATE / 2u) / BOARD_UART_BAUDRATE;
    UART_CR1 = UART_CR1_UE | UART_CR1_RE | UART_CR1_TE;
}

bool uart_read(uint8_t *byte)
{
    const uint32_t status = UART_ISR;
    if ((status & UART_ERRORS) != 0) {
        UART_ICR = status & UART_ERRORS;
    }
    if ((status & UART_ISR_RXNE) == 0) {
        return false;
    }
    *byte = (uint8_t)UART_RDR;
    return true;
}

void uart_write(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        while ((UART_ISR & UART_ISR_TXE) == 0) {
        }
        UART_TDR = bytes[i];
    }
}

void uart_flush(void)
{
    while ((UART_ISR & UART_ISR_TC) == 0) {
    }
}

#endif
