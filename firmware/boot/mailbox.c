/*
 * Every change ends with seal(), which writes the whole block once more in double words: RAM with ECC keeps the latest
 * incomplete word in a buffer that a reset discards (RM0433 section 3.2).
 */
#include "boot/mailbox.h"

#include <stddef.h>

#include "drivers/core.h"
#include "link/crc32.h"

#define MAGIC 0x4D41494Cu

/* Placed by the linker script. */
extern mailbox_t __mailbox __attribute__((aligned(8)));

static uint32_t crc_of_content(void)
{
    return crc32_update(0, (const uint8_t *)&__mailbox, offsetof(mailbox_t, crc));
}

static void seal(void)
{
    __mailbox.crc = crc_of_content();
    volatile uint64_t *const words = (volatile uint64_t *)(void *)&__mailbox;
    for (uint32_t i = 0; i < sizeof(mailbox_t) / sizeof(uint64_t); i++) {
        words[i] = words[i];
    }
    core_clean((uintptr_t)&__mailbox, sizeof(__mailbox));
}

void mailbox_open(link_reset_cause_t cause)
{
    const bool kept = cause != LINK_RESET_POWER_ON && __mailbox.magic == MAGIC && __mailbox.crc == crc_of_content();
    if (!kept) {
        volatile uint64_t *const words = (volatile uint64_t *)(void *)&__mailbox;
        for (uint32_t i = 0; i < sizeof(mailbox_t) / sizeof(uint64_t); i++) {
            words[i] = 0;
        }
        __mailbox.magic = MAGIC;
    }
    if (cause != LINK_RESET_UNKNOWN) {
        __mailbox.cause = (uint32_t)cause;
    }
    if (cause == LINK_RESET_WATCHDOG) {
        __mailbox.restarts++;
    }
    seal();
}

const mailbox_t *mailbox_content(void)
{
    return &__mailbox;
}

void mailbox_set_request(mailbox_request_t request)
{
    __mailbox.request = (uint32_t)request;
    seal();
}

void mailbox_set_start(mailbox_start_t start, uint32_t slot)
{
    __mailbox.start = (uint32_t)start;
    __mailbox.slot = slot;
    seal();
}

void mailbox_set_stay_reason(link_stay_reason_t reason)
{
    __mailbox.stay_reason = (uint32_t)reason;
    seal();
}

void mailbox_note_healthy(void)
{
    if (__mailbox.start != MAILBOX_START_HEALTHY) {
        mailbox_set_start(MAILBOX_START_HEALTHY, __mailbox.slot);
    }
}

void mailbox_note_fault(const uint32_t registers[MAILBOX_FAULT_WORDS])
{
    for (uint32_t i = 0; i < MAILBOX_FAULT_WORDS; i++) {
        __mailbox.fault[i] = registers[i];
    }
    __mailbox.has_fault = 1;
    if (__mailbox.start == MAILBOX_START_BEGUN) {
        __mailbox.start = MAILBOX_START_FAULTED;
    }
    seal();
}
