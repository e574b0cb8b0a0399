/*
 * The loader on the host: a session over the model of the chip, and the decision which application starts.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "boot/mailbox.h"
#include "boot/slots.h"
#include "link/session.h"
#include "loader/requests.h"
#include "loader/start.h"
#include "loader/update.h"

#define CAPACITY (1u << 16)

uint8_t harness_written[CAPACITY];
uint32_t harness_written_size;

static update_t update;
static link_session_t session;

static void collect(const uint8_t *bytes, uint32_t size)
{
    if (size <= CAPACITY - harness_written_size) {
        memcpy(harness_written + harness_written_size, bytes, size);
        harness_written_size += size;
    }
}

/* The loader's session begins anew, as after a reset. */
void harness_start(bool has_bootloader)
{
    static const uint8_t BUILD_ID[32] = {7, 8, 9};
    static const uint8_t NO_MODEL[32];
    static link_device_t device;
    device = (link_device_t){
        .role = LINK_ROLE_LOADER,
        .board = "host",
        .model = "",
        .runtime = "loader",
        .model_sha256 = NO_MODEL,
        .build_id = BUILD_ID,
        .has_bootloader = has_bootloader,
        .image = {0x08000000u, 4096u},
        .write = collect,
        .introduce = loader_introduce,
        .handlings = LOADER_HANDLINGS,
        .handling_count = LOADER_HANDLING_COUNT,
    };
    memset(&session, 0xA5, sizeof(session));
    memset(&update, 0, sizeof(update));
    harness_written_size = 0;
    link_session_start(&session, &device, &update);
}

/* Feed bytes; returns the last action asked for. */
int32_t harness_feed(const uint8_t *bytes, uint32_t size)
{
    int32_t action = LINK_ACTION_NONE;
    for (uint32_t i = 0; i < size; i++) {
        const link_action_t asked = link_session_take(&session, bytes[i]);
        action = asked != LINK_ACTION_NONE ? (int32_t)asked : action;
    }
    return action;
}

/* What the loader does after a reset: the slot that starts, or -1. */
int32_t harness_reset(uint32_t cause)
{
    mailbox_open((link_reset_cause_t)cause);
    return (int32_t)start_decide();
}

/* What the loader does when it is told to boot. */
int32_t harness_boot(void)
{
    return (int32_t)start_decide_again();
}
