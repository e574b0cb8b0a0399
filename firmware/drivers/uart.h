/**
 * @file uart.h
 * @brief The serial port of the link: 8 data bits, no parity, 1 stop bit, polled.
 */
#ifndef EDGEL3_DRIVERS_UART_H
#define EDGEL3_DRIVERS_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/chip.h"

/** Set up BOARD_UART at BOARD_UART_BAUDRATE from the clocks that run. */
void uart_start(const chip_clocks_t *clocks);

/** Take a received byte, if there is one. Receive errors are cleared; the frame's CRC finds what they damaged. */
bool uart_read(uint8_t *byte);

/** Send `size` bytes; returns when the last is in the transmitter. */
void uart_write(const uint8_t *bytes, uint32_t size);

/** Wait until everything has left the pin. */
void uart_flush(void);

#endif
