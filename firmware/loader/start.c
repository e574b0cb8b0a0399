/*
 * An application's start has failed if it faulted, or the watchdog bit, before its main loop served. On trial, it loses the
 * marks that it has left; else the loader waits. The reset button, or the power switch, lets it try again.
 */
#include "loader/start.h"

#include <stdbool.h>

#include "board.h"
#include "boot/mailbox.h"
#include "boot/slots.h"

static bool last_start_failed(void)
{
    const mailbox_t *const mailbox = mailbox_content();
    if (mailbox->start == MAILBOX_START_FAULTED) {
        return mailbox->cause != LINK_RESET_PIN;
    }
    return mailbox->start == MAILBOX_START_BEGUN && mailbox->cause == LINK_RESET_WATCHDOG;
}

static uint32_t stay(link_stay_reason_t reason)
{
    mailbox_set_start(MAILBOX_START_NONE, 0);
    mailbox_set_stay_reason(reason);
    return SLOT_NONE;
}

static bool is_any(const slot_t *found, link_slot_state_t state)
{
    for (uint32_t slot = 0; slot < BOARD_SLOT_COUNT; slot++) {
        if (found[slot].state == state) {
            return true;
        }
    }
    return false;
}

static link_stay_reason_t why_none(const slot_t *found)
{
    if (is_any(found, LINK_SLOT_FAILED) || is_any(found, LINK_SLOT_TRIAL)) {
        return LINK_STAY_FAILED_START;
    }
    if (is_any(found, LINK_SLOT_DAMAGED)) {
        return LINK_STAY_DAMAGED;
    }
    return is_any(found, LINK_SLOT_OTHER_BOARD) ? LINK_STAY_OTHER_BOARD : LINK_STAY_NO_IMAGE;
}

uint32_t start_decide_again(void)
{
    slot_t found[BOARD_SLOT_COUNT];
    const uint32_t slot = slots_next(found);
    /* A mark that does not take cannot count starts: better none than one without end. */
    if (slot == SLOT_NONE || (found[slot].state == LINK_SLOT_TRIAL && !slots_burn_trial(slot))) {
        return stay(why_none(found));
    }
    mailbox_set_stay_reason(LINK_STAY_NONE);
    mailbox_set_start(MAILBOX_START_BEGUN, slot);
    return slot;
}

uint32_t start_decide(void)
{
    if (mailbox_content()->request == MAILBOX_REQUEST_BOOTLOADER) {
        mailbox_set_request(MAILBOX_REQUEST_NONE);
        return stay(LINK_STAY_REQUESTED);
    }
    const uint32_t failed = mailbox_content()->slot;
    if (last_start_failed() && failed < BOARD_SLOT_COUNT) {
        slot_t found;
        slots_read(failed, &found);
        if (found.state != LINK_SLOT_TRIAL && found.state != LINK_SLOT_FAILED) {
            return stay(LINK_STAY_FAILED_START);
        }
        slots_fail(failed);
    }
    return start_decide_again();
}
