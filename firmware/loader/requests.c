/* Bodies are taken apart here, update.c judges what is in them. */
#include "loader/requests.h"

#include "board.h"
#include "boot/mailbox.h"
#include "boot/requests.h"
#include "boot/slots.h"
#include "link/bytes.h"
#include "loader/update.h"

#define STRINGIFY(x) #x
#define TO_TEXT(x) STRINGIFY(x)

/* Bytes of begin_update before the board's name. */
#define BEGIN_SIZE (1u + 1u + 4u * 4u + IMAGE_BUILD_ID_SIZE + 1u)

static update_t *update_of(link_session_t *session)
{
    return session->context;
}

/* What the handler returns: a refusal, or the size of the reply up to `end`. */
static uint32_t answer(const link_message_t *request, update_refusal_t refusal, const uint8_t *end)
{
    if (refusal.code != 0) {
        return link_refuse(request, (link_error_t)refusal.code, refusal.detail);
    }
    return link_size_since(request, end);
}

static uint32_t handle_begin_update(link_session_t *session, const link_message_t *request)
{
    update_t *const update = update_of(session);
    const uint8_t *const data = request->data;
    const uint32_t flags = data[1];
    const uint32_t length = data[BEGIN_SIZE - 1u];
    update->begun = false;
    if (request->size != BEGIN_SIZE + length) {
        return link_refuse(request, LINK_ERROR_BAD_LENGTH, request->size);
    }
    if ((flags & ~(uint32_t)LINK_FORCE_VERSION) != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, flags);
    }
    if (length > IMAGE_BOARD_SIZE) {
        return link_refuse(request, LINK_ERROR_WRONG_BOARD, 0);
    }
    image_header_t header = {
        .origin = get_u32(data + 2),
        .size = get_u32(data + 6),
        .crc = get_u32(data + 10),
        .version = get_u32(data + 14),
    };
    put_bytes(header.build_id, data + 18, IMAGE_BUILD_ID_SIZE);
    put_bytes((uint8_t *)header.board, data + BEGIN_SIZE, length);
    const update_refusal_t refusal = update_begin(update, data[0], &header, flags != 0);
    return answer(request, refusal, put_u16(request->reply, (uint16_t)update->sectors));
}

static uint32_t handle_erase(link_session_t *session, const link_message_t *request)
{
    const uint32_t sector = get_u16(request->data);
    return answer(request, update_erase(update_of(session), sector), request->reply);
}

static uint32_t handle_write(link_session_t *session, const link_message_t *request)
{
    const uint32_t offset = get_u32(request->data);
    const uint32_t size = request->size - 4u;
    const update_refusal_t refusal = update_write(update_of(session), offset, request->data + 4, size);
    return answer(request, refusal, put_u32(request->reply, offset + size));
}

static uint32_t handle_verify(link_session_t *session, const link_message_t *request)
{
    const update_refusal_t refusal = update_verify(update_of(session));
    return answer(request, refusal, put_u32(request->reply, update_of(session)->header.crc));
}

static uint32_t handle_boot(link_session_t *session, const link_message_t *request)
{
    slot_t found[BOARD_SLOT_COUNT];
    if (slots_next(found) == SLOT_NONE) {
        return link_refuse(request, LINK_ERROR_BAD_IMAGE, found[0].crc);
    }
    session->action = LINK_ACTION_BOOT;
    return 0;
}

const link_handling_t LOADER_HANDLINGS[] = {
    {LINK_REQUEST_READ_RESET, LINK_ANY_TIME, 0, 0, boot_handle_read_reset},
    {LINK_REQUEST_READ_IMAGE, LINK_ANY_TIME, 1, 1, boot_handle_read_image},
    {LINK_REQUEST_BEGIN_UPDATE, LINK_ANY_TIME, BEGIN_SIZE, BEGIN_SIZE + UINT8_MAX, handle_begin_update},
    {LINK_REQUEST_ERASE, LINK_ANY_TIME, 2, 2, handle_erase},
    {LINK_REQUEST_WRITE, LINK_ANY_TIME, 4, 4 + LINK_MAX_CHUNK, handle_write},
    {LINK_REQUEST_VERIFY, LINK_ANY_TIME, 0, 0, handle_verify},
    {LINK_REQUEST_BOOT, LINK_ANY_TIME, 0, 0, handle_boot},
};
const uint32_t LOADER_HANDLING_COUNT = sizeof(LOADER_HANDLINGS) / sizeof(LOADER_HANDLINGS[0]);

static const char *why_it_waits(void)
{
    switch (mailbox_content()->stay_reason) {
    case LINK_STAY_REQUESTED:
        return "it was asked to";
    case LINK_STAY_NO_IMAGE:
        return "there is no application";
    case LINK_STAY_DAMAGED:
        return "the application is damaged";
    case LINK_STAY_OTHER_BOARD:
        return "the application is another board's";
    case LINK_STAY_FAILED_START:
        return "the application failed to start";
    default:
        return "it did not say why";
    }
}

void loader_introduce(const link_session_t *session)
{
    link_say(session, "edgel3-deploy loader, protocol " TO_TEXT(LINK_PROTOCOL_VERSION) ", board ");
    link_say(session, session->device->board);
    link_say(session, ": waits for an update because ");
    link_say(session, why_it_waits());
    link_say(session, ": flash with edgel3-deploy flash\r\n");
}
