/**
 * @file mailbox.h
 * @brief What loader and application tell each other, and their next lives, over a reset: 256 bytes of RAM that it keeps.
 *
 * The linker scripts give it a place at the end of the main RAM that nothing else uses. Its content counts only after a
 * reset that keeps RAM, and only if its CRC holds.
 */
#ifndef EDGEL3_BOOT_MAILBOX_H
#define EDGEL3_BOOT_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "link/protocol.h"

/** r0 to r3, r12, lr, pc, xpsr, then CFSR, HFSR, MMFAR, BFAR: as the replies fault and read_reset give them. */
#define MAILBOX_FAULT_WORDS 12u

/** What the application asks of whoever starts next. */
typedef enum {
    MAILBOX_REQUEST_NONE = 0,
    MAILBOX_REQUEST_BOOTLOADER = 0xB0071DE5,
} mailbox_request_t;

/** How far the application's latest start came. */
typedef enum {
    MAILBOX_START_NONE,
    MAILBOX_START_BEGUN,   /**< nothing was heard of it yet */
    MAILBOX_START_HEALTHY, /**< its main loop served */
    MAILBOX_START_FAULTED, /**< it faulted before that */
} mailbox_start_t;

/** 256 bytes; written through the functions below only. */
typedef struct {
    uint32_t magic;
    uint32_t request;
    uint32_t start;
    uint32_t slot;        /**< of the latest start */
    uint32_t cause;       /**< link_reset_cause_t of the latest reset */
    uint32_t stay_reason; /**< link_stay_reason_t */
    uint32_t restarts;    /**< resets by watchdog since power-on */
    uint32_t has_fault;
    uint32_t fault[MAILBOX_FAULT_WORDS];
    uint32_t unused[43];
    uint32_t crc;
} mailbox_t;

_Static_assert(sizeof(mailbox_t) == 256, "as the linker scripts reserve");

/**
 * First use after a reset: keep the content if it can be trusted, else start an empty one.
 *
 * @param cause of this reset; LINK_RESET_UNKNOWN if there was none because the loader jumped here: its own stands
 */
void mailbox_open(link_reset_cause_t cause);

/** The content as it is. */
const mailbox_t *mailbox_content(void);

void mailbox_set_request(mailbox_request_t request);

/** Note how far the start of the application in `slot` has come. */
void mailbox_set_start(mailbox_start_t start, uint32_t slot);

void mailbox_set_stay_reason(link_stay_reason_t reason);

/** The application's main loop serves. */
void mailbox_note_healthy(void);

/** Keep a fault's registers; if the application was still starting, its start has failed. */
void mailbox_note_fault(const uint32_t registers[MAILBOX_FAULT_WORDS]);

#endif
