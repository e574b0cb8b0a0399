/**
 * @file uart.h
 * @brief The serial port of the link: 8 data bits, no parity, 1 stop bit, polled. Nothing interrupts.
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

/** Bytes that uart_ring_read() finds after a pause; of more than these, the older ones are lost. A request has fewer. */
#define UART_RING 2048u

/** From now on a ring in memory keeps what arrives, whatever the CPU does: for uart_ring_read(), not for uart_read(). */
void uart_ring_start(void);

/** Take the oldest byte of the ring, if there is one. What damaged or lost bytes, the frame's CRC finds. */
bool uart_ring_read(uint8_t *byte);

/** Back to uart_read(), whether or not there was a ring. */
void uart_ring_stop(void);

/** Divide the internal oscillator's clock, whatever happens to others; a byte under way comes and leaves first. */
void uart_use_internal_clock(void);

/** Divide the bus clock again, as uart_start() did. */
void uart_use_bus_clock(const chip_clocks_t *clocks);

/** Send `size` bytes; returns when the last is in the transmitter. */
void uart_write(const uint8_t *bytes, uint32_t size);

/** Wait until everything has left the pin. */
void uart_flush(void);

#endif
