/* The request waits in the mailbox; the loader finds it there by itself. */
#include "boot/bootloader.h"

#include <stdint.h>

#include "board.h"
#include "boot/mailbox.h"
#include "drivers/core.h"

bool bootloader_exists(void)
{
#ifdef BOARD_BOOTLOADER_ENTRY
    return true;
#else
    return BOARD_SLOT_COUNT > 0;
#endif
}

void bootloader_request(void)
{
    mailbox_set_request(MAILBOX_REQUEST_BOOTLOADER);
    core_reset();
}

void bootloader_enter_if_requested(void)
{
#ifdef BOARD_BOOTLOADER_ENTRY
    if (mailbox_content()->request == MAILBOX_REQUEST_BOOTLOADER) {
        mailbox_set_request(MAILBOX_REQUEST_NONE);
        core_start_image(BOARD_BOOTLOADER_ENTRY);
    }
#endif
}
