/* CMSDK APB UART of the MPS2 boards (Arm DDI 0479, Cortex-M System Design Kit TRM, 4.3). */
#include "board.h"

#ifdef BOARD_FAMILY_MPS2_AN500

#include "drivers/cortex_m7.h"
#include "drivers/uart.h"

#define UART0_BASE 0x40004000u
#define JOIN(a, b) a##b
#define BASE_OF(uart) JOIN(uart, _BASE)

#define UART_DATA REG32(BASE_OF(BOARD_UART) + 0x00u)
#define UART_STATE REG32(BASE_OF(BOARD_UART) + 0x04u)
#define UART_STATE_TX_FULL BIT(0)
#define UART_STATE_RX_FULL BIT(1)
#define UART_STATE_OVERRUNS (BIT(2) | BIT(3))
#define UART_CTRL REG32(BASE_OF(BOARD_UART) + 0x08u)
#define UART_CTRL_TX_RX (BIT(0) | BIT(1))
#define UART_BAUDDIV REG32(BASE_OF(BOARD_UART) + 0x10u)

void uart_start(const chip_clocks_t *clocks)
{
    UART_BAUDDIV = (clocks->apb1_hz + BOARD_UART_BAUDRATE / 2u) / BOARD_UART_BAUDRATE;
    UART_CTRL = UART_CTRL_TX_RX;
}

bool uart_read(uint8_t *byte)
{
    const uint32_t state = UART_STATE;
    if ((state & UART_STATE_OVERRUNS) != 0) {
        UART_STATE = state & UART_STATE_OVERRUNS;
    }
    if ((state & UART_STATE_RX_FULL) == 0) {
        return false;
    }
    *byte = (uint8_t)UART_DATA;
    return true;
}

void uart_flush(void)
{
    while ((UART_STATE & UART_STATE_TX_FULL) != 0) {
    }
}

/* The machine keeps bytes back until they are read. */
void uart_ring_start(void) {}

bool uart_ring_read(uint8_t *byte)
{
    return uart_read(byte);
}

void uart_ring_stop(void) {}

/* It has one clock. */
void uart_use_internal_clock(void) {}

void uart_use_bus_clock(const chip_clocks_t *clocks)
{
    (void)clocks;
}

void uart_write(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uart_flush();
        UART_DATA = bytes[i];
    }
}

#endif
