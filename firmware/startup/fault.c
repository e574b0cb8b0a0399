/*
 * Fault report. The handler runs on a stack of its own, since a stack overflow may be what it reports, and uses nothing
 * that the interrupted code may have left half done but the UART itself. The watchdog, no longer fed, ends it; meanwhile
 * requests are answered, and the light blinks a code.
 */
#include "startup/fault.h"

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "boot/bootloader.h"
#include "boot/mailbox.h"
#include "drivers/core.h"
#include "drivers/cortex_m7.h"
#include "drivers/counter.h"
#include "drivers/led.h"
#include "drivers/uart.h"
#include "drivers/watchdog.h"
#include "link/bytes.h"
#include "link/frame.h"
#include "startup/memory.h"

#define FRAME_WORDS 8u
#define FAULT_STACK_WORDS 128
/* Until the watchdog resets the chip: time to ask what happened. */
#define REPORT_MS 4000u
/* The light changes so often in a second at full clock. */
#define CHANGES_A_SECOND 8u
/* Changes left out between two repetitions of the code. */
#define PAUSE 5u

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

/* After a stack overflow nothing was stacked: those registers stay zero. */
static void collect(const uint32_t *frame, uint32_t registers[MAILBOX_FAULT_WORDS])
{
    const bool stacked = memory_in_stack(frame, FRAME_WORDS * 4);
    for (uint32_t i = 0; i < FRAME_WORDS; i++) {
        registers[i] = stacked ? frame[i] : 0;
    }
    const core_fault_t status = core_fault_status();
    registers[FRAME_WORDS] = status.cfsr;
    registers[FRAME_WORDS + 1] = status.hfsr;
    registers[FRAME_WORDS + 2] = status.mmfar;
    registers[FRAME_WORDS + 3] = status.bfar;
}

static void send_fault(uint8_t sequence, const uint32_t registers[MAILBOX_FAULT_WORDS])
{
    uint8_t *at = content + LINK_HEADER_SIZE;
    for (uint32_t i = 0; i < MAILBOX_FAULT_WORDS; i++) {
        at = put_u32(at, registers[i]);
    }
    link_send(uart_write, content, LINK_REPLY_FAULT, sequence, MAILBOX_FAULT_WORDS * 4);
}

static void acknowledge(uint8_t type, uint8_t sequence)
{
    link_send(uart_write, content, type | LINK_REPLY_BIT, sequence, 0);
    uart_flush();
}

static void answer(const uint32_t registers[MAILBOX_FAULT_WORDS])
{
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
    send_fault(sequence, registers);
}

/* How often the light blinks in a row: docs/boards.md explains it to the user. */
static uint32_t light_code(uint32_t cfsr)
{
    if ((cfsr & SCB_CFSR_USAGE_FAULT_MASK) != 0) {
        return 4;
    }
    if ((cfsr & SCB_CFSR_BUS_FAULT_MASK) != 0) {
        return 3;
    }
    return (cfsr & SCB_CFSR_MEM_FAULT_MASK) != 0 ? 2 : 1;
}

static void blink(uint32_t code)
{
    static uint32_t changes;
    static uint64_t next;
    const uint64_t now = counter_read();
    if (now >= next) {
        const uint32_t place = changes++ % (2u * code + PAUSE);
        led_set(place < 2u * code && place % 2u == 0);
        next = now + counter_hz(BOARD_CPU_HZ) / CHANGES_A_SECOND;
    }
}

void fault_report(const uint32_t *frame)
{
    uint32_t registers[MAILBOX_FAULT_WORDS];
    collect(frame, registers);
    mailbox_note_fault(registers);
    watchdog_start(REPORT_MS);
    led_start();
    uart_ring_stop();
    send_fault(0, registers);
    link_receiver_reset(&receiver);
    counter_start();
    for (;;) {
        uint8_t byte;
        blink(light_code(registers[FRAME_WORDS]));
        if (uart_read(&byte) && link_receiver_take(&receiver, byte) == LINK_EVENT_FRAME) {
            answer(registers);
        }
    }
}
