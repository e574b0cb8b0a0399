/*
 * USART of STM32F7 (RM0410 section 34) and STM32H7 (RM0433 section 48), the same registers in both.
 *
 * For the ring a DMA stream takes each byte from the receiver and writes it to RAM that no cache holds. How far it is
 * follows from its counter, which counts down and begins anew with each lap.
 */
#include "board.h"

#if defined(BOARD_FAMILY_STM32F7) || defined(BOARD_FAMILY_STM32H7)

#include "drivers/dma.h"
#include "drivers/stm32.h"
#include "drivers/uart.h"

#define JOIN(a, b) a##b
#define BASE_OF(uart) JOIN(uart, _BASE)
#define BUS_OF(uart) JOIN(uart, _BUS)
#define BIT_OF(uart) JOIN(uart, _BIT)
#define ON_APB2 (BUS_OF(BOARD_UART) == 2)
#define ENABLE_BIT BIT(BIT_OF(BOARD_UART))
#define DMA_OF(uart) JOIN(uart, _RX_DMA)
#define STREAM_OF(uart) JOIN(uart, _RX_STREAM)
#define REQUEST_OF(uart) JOIN(uart, _RX_REQUEST)

#define UART_CR1 REG32(BASE_OF(BOARD_UART) + 0x00u)
#define UART_CR1_UE BIT(0)
#define UART_CR1_RE BIT(2)
#define UART_CR1_TE BIT(3)
#define UART_CR3 REG32(BASE_OF(BOARD_UART) + 0x08u)
#define UART_CR3_DMAR BIT(6)
#define UART_CR3_OVRDIS BIT(12)
#define UART_BRR REG32(BASE_OF(BOARD_UART) + 0x0Cu)
#define UART_ISR REG32(BASE_OF(BOARD_UART) + 0x1Cu)
#define UART_ISR_RXNE BIT(5)
#define UART_ISR_TC BIT(6)
#define UART_ISR_TXE BIT(7)
#define UART_ISR_BUSY BIT(16)
#define UART_ICR REG32(BASE_OF(BOARD_UART) + 0x20u)
#define UART_RDR REG32(BASE_OF(BOARD_UART) + 0x24u)
#define UART_TDR REG32(BASE_OF(BOARD_UART) + 0x28u)
/* Parity, framing, noise and overrun, at the same places in ISR and ICR. */
#define UART_ERRORS 0xFu

static const dma_stream_t received = {
    .controller = DMA_OF(BOARD_UART),
    .stream = STREAM_OF(BOARD_UART),
    .request = REQUEST_OF(BOARD_UART),
    .serves_uart = true,
};
static volatile uint8_t ring[UART_RING] __attribute__((section(".dma")));
/* Places in the ring: of the next byte to take, and where the DMA was at the last look. */
static uint32_t taken, arrived;
static bool in_ring;

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

static uint32_t divider(uint32_t kernel_hz)
{
    return (kernel_hz + BOARD_UART_BAUDRATE / 2u) / BOARD_UART_BAUDRATE;
}

static uint32_t bus_hz(const chip_clocks_t *clocks)
{
    return ON_APB2 ? clocks->apb2_hz : clocks->apb1_hz;
}

/* BRR can only be written while the UART is off: for less than a bit. */
static void change_clock(uint32_t source, uint32_t kernel_hz)
{
    uart_flush();
    stm32_wait(&UART_ISR, UART_ISR_BUSY, 0);
    UART_CR1 &= ~UART_CR1_UE;
    stm32_modify(&RCC_UART_CLOCKS, RCC_UART_CLOCKS_MASK, source);
    UART_BRR = divider(kernel_hz);
    UART_CR1 |= UART_CR1_UE;
}

void uart_use_internal_clock(void)
{
    change_clock(RCC_UART_CLOCKS_HSI, HSI_HZ);
}

void uart_use_bus_clock(const chip_clocks_t *clocks)
{
    change_clock(0, bus_hz(clocks));
}

void uart_start(const chip_clocks_t *clocks)
{
    reset_and_enable();
    stm32_connect_pin(BOARD_UART_TX_PORT, BOARD_UART_TX_PIN, BOARD_UART_ALTERNATE_FUNCTION, PULL_UP);
    stm32_connect_pin(BOARD_UART_RX_PORT, BOARD_UART_RX_PIN, BOARD_UART_ALTERNATE_FUNCTION, PULL_UP);
    UART_BRR = divider(bus_hz(clocks));
    UART_CR1 = UART_CR1_UE | UART_CR1_RE | UART_CR1_TE;
}

static uint32_t clear_errors(void)
{
    const uint32_t status = UART_ISR;
    if ((status & UART_ERRORS) != 0) {
        UART_ICR = status & UART_ERRORS;
    }
    return status;
}

bool uart_read(uint8_t *byte)
{
    if ((clear_errors() & UART_ISR_RXNE) == 0) {
        return false;
    }
    *byte = (uint8_t)UART_RDR;
    return true;
}

void uart_ring_start(void)
{
    taken = 0;
    arrived = 0;
    in_ring = dma_start_ring(&received, (uint32_t)(uintptr_t)&UART_RDR, ring, UART_RING, DMA_BYTES);
    if (in_ring) {
        /* A receiver that is behind (ORE) would stay silent until the program looks; the stream is never behind. */
        UART_CR1 &= ~UART_CR1_UE;
        UART_CR3 = UART_CR3_DMAR | UART_CR3_OVRDIS;
        UART_CR1 |= UART_CR1_UE;
    }
}

bool uart_ring_read(uint8_t *byte)
{
    if (!in_ring) {
        return uart_read(byte);
    }
    if (taken == arrived) {
        arrived = dma_position(&received, UART_RING);
        clear_errors();
        /* The counter is read before the bytes are; it also counts a byte on its way to memory, which that look outlasts. */
        barrier();
    }
    if (taken == arrived) {
        return false;
    }
    *byte = ring[taken];
    taken = (taken + 1u) % UART_RING;
    return true;
}

void uart_ring_stop(void)
{
    UART_CR3 &= ~UART_CR3_DMAR;
    in_ring = false;
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
