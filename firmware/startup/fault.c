/*
 * Fault report. The handler runs on a stack of its own, since a stack overflow may be what it reports, and uses nothing
 * that the interrupted code may have left half done but the UART itself.
 */
#include "startup/fault.h"

#include <stdbool.h>
#include <stdint.h>

#include "drivers/bootloader.h"
#include "drivers/core.h"
#include "drivers/uart.h"
#include "link/bytes.h"
#include "link/frame.h"
#include "startup/memory.h"

#define FRAME_WORDS 8u
#define STATUS_WORDS 4u
#define FAULT_STACK_WORDS 128

uint64_t fault_stack[FAULT_STACK_WORDS];
__attribute__((used)) uint64_t *const fault_stack_top = fault_stack + FAULT_STACK_WORDS;

static link_receiver_t receiver;
static uint8_t content[LINK_MAX_CONTENT];

__attribute__((used, noreturn)) void fault_report(const uint32_t *frame);

__attribute__((naked)) void fault_entry(void)
{
    /* The stacked registers are where the interrupted code's stack pointer is. */
    __asm volatile("cpsid i\n"
                   "tst lr, #4\n"
                   "ite eq\n"
                   "mrseq r0, msp\n"
                   "mrsne r0, psp\n"
                   "ldr r1, =fault_stack_top\n"
                   "ldr r1, [r1]\n"
                   "msr msp, r1\n"
                   "b fault_report\n");
}

void systick_handler(void) __attribute__((weak, alias("fault_entry")));

static void send_fault(uint8_t sequence, const uint32_t *stacked, const core_fault_t *status)
{
    uint8_t *at = content + LINK_HEADER_SIZE;
    for (uint32_t i = 0; i < FRAME_WORDS; i++) {
        at = put_u32(at, stacked[i]);
    }
    at = put_u32(at, status->cfsr);
    at = put_u32(at, status->hfsr);
    at = put_u32(at, status->mmfar);
    put_u32(at, status->bfar);
    link_send(uart_write, content, LINK_REPLY_FAULT, sequence, (FRAME_WORDS + STATUS_WORDS) * 4);
}

static void acknowledge(uint8_t type, uint8_t sequence)
{
    link_send(uart_write, content, type | LINK_REPLY_BIT, sequence, 0);
    uart_flush();
}

void fault_report(const uint32_t *frame)
{
    /* After a stack overflow nothing was stacked. */
    static const uint32_t UNKNOWN[FRAME_WORDS];
    const uint32_t *const stacked = memory_in_stack(frame, FRAME_WORDS * 4) ? frame : UNKNOWN;
    const core_fault_t status = core_fault_status();

    send_fault(0, stacked, &status);
    link_receiver_reset(&receiver);
    for (;;) {
        uint8_t byte;
        if (!uart_read(&byte) || link_receiver_take(&receiver, byte) != LINK_EVENT_FRAME) {
            continue;
        }
        const uint8_t type = receiver.content[0];
        const uint8_t sequence = receiver.content[1];
        if (type == LINK_REQUEST_RESET) {
            acknowledge(type, sequence);
            core_reset();
        }
        if (type == LINK_REQUEST_ENTER_BOOTLOADER && bootloader_exists()) {
            acknowledge(type, sequence);
            bootloader_request();
        }
        send_fault(sequence, stacked, &status);
    }
}
