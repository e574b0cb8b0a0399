/*
 * Request dispatcher. A handler either fills the reply's body and returns its size, or refuses and returns what
 * link_refuse() returned. Bounds: every body written here is at most LINK_MAX_BODY bytes.
 */
#include "link/session.h"

#include <stddef.h>

#include "link/bytes.h"

_Static_assert(32 + 32 + 4 * 4 + 2 + 1 + 3 * (1 + LINK_MAX_TEXT) <= LINK_MAX_BODY, "identify fits a frame");

uint32_t link_refuse(const link_message_t *request, link_error_t code, uint32_t detail)
{
    request->reply[0] = (uint8_t)code;
    put_u32(request->reply + 2, detail);
    return LINK_REFUSED;
}

uint32_t link_size_since(const link_message_t *request, const uint8_t *end)
{
    return (uint32_t)(end - request->reply);
}

static uint32_t text_length(const char *text)
{
    uint32_t length = 0;
    while (length < LINK_MAX_TEXT && text[length] != '\0') {
        length++;
    }
    return length;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    const uint32_t length = text_length(text);
    *to = (uint8_t)length;
    return put_bytes(to + 1, (const uint8_t *)text, length);
}

static uint32_t handle_hello(link_session_t *session, const link_message_t *request)
{
    session->greeted = get_u16(request->data) == LINK_PROTOCOL_VERSION;
    if (!session->greeted) {
        return link_refuse(request, LINK_ERROR_VERSION_MISMATCH, LINK_PROTOCOL_VERSION);
    }
    uint8_t *at = put_u16(request->reply, LINK_PROTOCOL_VERSION);
    *at++ = (uint8_t)session->device->role;
    return link_size_since(request, at);
}

static uint32_t handle_identify(link_session_t *session, const link_message_t *request)
{
    const link_device_t *const device = session->device;
    uint8_t *at = put_bytes(request->reply, device->model_sha256, 32);
    at = put_bytes(at, device->build_id, 32);
    at = put_u32(at, device->device_id);
    at = put_u32(at, device->cpu_hz);
    at = put_u32(at, device->input_size);
    at = put_u32(at, device->output_size);
    at = put_u16(at, (uint16_t)device->layer_count);
    *at++ = (uint8_t)device->counter_unit;
    at = put_text(at, device->board);
    at = put_text(at, device->model);
    at = put_text(at, device->runtime);
    return link_size_since(request, at);
}

static uint32_t handle_enter_bootloader(link_session_t *session, const link_message_t *request)
{
    if (!session->device->has_bootloader) {
        return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
    }
    session->action = LINK_ACTION_BOOTLOADER;
    return 0;
}

static uint32_t handle_reset(link_session_t *session, const link_message_t *request)
{
    (void)request;
    session->action = LINK_ACTION_RESET;
    return 0;
}

/* hello may grow behind its version, which is compared before anything else. */
static const link_handling_t COMMON[] = {
    {LINK_REQUEST_HELLO, LINK_ANY_TIME, 2, LINK_MAX_BODY, handle_hello},
    {LINK_REQUEST_IDENTIFY, LINK_ANY_TIME, 0, 0, handle_identify},
    {LINK_REQUEST_ENTER_BOOTLOADER, LINK_ANY_TIME, 0, 0, handle_enter_bootloader},
    {LINK_REQUEST_RESET, LINK_ANY_TIME, 0, 0, handle_reset},
};

static const link_handling_t *find(const link_handling_t *handlings, uint32_t count, uint8_t type)
{
    for (uint32_t i = 0; i < count; i++) {
        if (handlings[i].type == type) {
            return &handlings[i];
        }
    }
    return NULL;
}

static uint32_t dispatch(link_session_t *session, uint8_t type, const link_message_t *request)
{
    const link_handling_t *handling = find(COMMON, sizeof(COMMON) / sizeof(COMMON[0]), type);
    if (handling == NULL) {
        handling = find(session->device->handlings, session->device->handling_count, type);
    }
    if (handling == NULL) {
        return link_refuse(request, LINK_ERROR_UNKNOWN_TYPE, type);
    }
    if (!session->greeted && type != LINK_REQUEST_HELLO) {
        return link_refuse(request, LINK_ERROR_NO_HANDSHAKE, LINK_PROTOCOL_VERSION);
    }
    if (request->size < handling->min_size || request->size > handling->max_size) {
        return link_refuse(request, LINK_ERROR_BAD_LENGTH, request->size);
    }
    if (handling->time == LINK_WHEN_IDLE && session->device->yields != NULL && !session->device->yields()) {
        return link_refuse(request, LINK_ERROR_BUSY, 0);
    }
    return handling->handle(session, request);
}

static void send_error(link_session_t *session, uint8_t request_type, uint8_t sequence)
{
    session->reply[LINK_HEADER_SIZE + 1] = request_type;
    link_send(session->device->write, session->reply, LINK_REPLY_ERROR, sequence, 6);
}

static void handle_frame(link_session_t *session)
{
    const uint8_t *const content = session->receiver.content;
    const link_message_t request = {
        .data = content + LINK_HEADER_SIZE,
        .size = link_receiver_body_size(&session->receiver),
        .reply = session->reply + LINK_HEADER_SIZE,
    };
    const uint32_t size = dispatch(session, content[0], &request);
    if (size == LINK_REFUSED) {
        send_error(session, content[0], content[1]);
    } else {
        link_send(session->device->write, session->reply, content[0] | LINK_REPLY_BIT, content[1], size);
    }
}

static void refuse_frame(link_session_t *session, link_error_t code)
{
    const link_message_t request = {.reply = session->reply + LINK_HEADER_SIZE};
    link_refuse(&request, code, session->receiver.size);
    send_error(session, 0, session->receiver.size >= LINK_HEADER_SIZE ? session->receiver.content[1] : 0);
}

void link_say(const link_session_t *session, const char *text)
{
    session->device->write((const uint8_t *)text, text_length(text));
}

void link_session_start(link_session_t *session, const link_device_t *device, void *context)
{
    session->device = device;
    session->context = context;
    session->greeted = false;
    session->action = LINK_ACTION_NONE;
    link_receiver_reset(&session->receiver);
}

link_action_t link_session_take(link_session_t *session, uint8_t byte)
{
    session->action = LINK_ACTION_NONE;
    switch (link_receiver_take(&session->receiver, byte)) {
    case LINK_EVENT_FRAME:
        handle_frame(session);
        break;
    case LINK_EVENT_BAD_CRC:
        refuse_frame(session, LINK_ERROR_BAD_CRC);
        break;
    case LINK_EVENT_BAD_FRAME:
        refuse_frame(session, LINK_ERROR_BAD_FRAME);
        break;
    case LINK_EVENT_LINE:
        session->device->introduce(session);
        break;
    case LINK_EVENT_TEXT:
        if (session->device->read_text != NULL) {
            session->device->read_text(session, byte);
        }
        break;
    case LINK_EVENT_NONE:
        break;
    }
    return session->action;
}

void link_session_idle(link_session_t *session)
{
    link_receiver_reset(&session->receiver);
}
