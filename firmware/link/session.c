/*
 * Request dispatcher. A handler either fills the reply's body and returns its size, or refuses and returns what refuse()
 * returned. Bounds: every body written here is at most LINK_MAX_BODY bytes.
 */
#include "session.h"

#include <stddef.h>

#include "bytes.h"
#include "edgel3_net.h"

#define REFUSED UINT32_MAX
#define MAX_TEXT 200u
#define STRINGIFY(x) #x
#define TO_TEXT(x) STRINGIFY(x)

_Static_assert(32 + 32 + 4 * 4 + 2 + 1 + 3 * (1 + MAX_TEXT) <= LINK_MAX_BODY, "identify fits a frame");
_Static_assert(LINK_MAX_LAYERS * 8 <= LINK_MAX_BODY && LINK_MAX_CHUNK <= LINK_MAX_BODY, "replies fit a frame");

/* A request's body, and where the reply's body goes. */
typedef struct {
    const uint8_t *data;
    uint32_t size;
    uint8_t *reply;
} request_t;

typedef uint32_t (*handler_t)(link_session_t *session, const request_t *request);

typedef struct {
    uint32_t min_size;
    uint32_t max_size;
    handler_t handle;
} request_kind_t;

static uint32_t refuse(const request_t *request, link_error_t code, uint32_t detail)
{
    request->reply[0] = (uint8_t)code;
    put_u32(request->reply + 2, detail);
    return REFUSED;
}

static uint32_t size_since(const request_t *request, const uint8_t *end)
{
    return (uint32_t)(end - request->reply);
}

static uint32_t text_length(const char *text)
{
    uint32_t length = 0;
    while (length < MAX_TEXT && text[length] != '\0') {
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

static uint32_t handle_hello(link_session_t *session, const request_t *request)
{
    session->greeted = get_u16(request->data) == LINK_PROTOCOL_VERSION;
    if (!session->greeted) {
        return refuse(request, LINK_ERROR_VERSION_MISMATCH, LINK_PROTOCOL_VERSION);
    }
    uint8_t *at = put_u16(request->reply, LINK_PROTOCOL_VERSION);
    *at++ = LINK_ROLE_APPLICATION;
    return size_since(request, at);
}

static uint32_t handle_identify(link_session_t *session, const request_t *request)
{
    const link_device_t *const device = session->device;
    uint8_t *at = put_bytes(request->reply, edgel3_net_info.model_sha256, 32);
    at = put_bytes(at, edgel3_build_id, 32);
    at = put_u32(at, device->device_id);
    at = put_u32(at, device->cpu_hz);
    at = put_u32(at, edgel3_net_info.input_size);
    at = put_u32(at, edgel3_net_info.output_size);
    at = put_u16(at, (uint16_t)edgel3_net_info.layer_count);
    *at++ = (uint8_t)device->counter_unit;
    at = put_text(at, device->board);
    at = put_text(at, edgel3_net_info.model_name);
    at = put_text(at, edgel3_net_info.runtime);
    return size_since(request, at);
}

static uint32_t handle_load_input(link_session_t *session, const request_t *request)
{
    const uint32_t offset = get_u32(request->data);
    if (!inference_load(session->inference, offset, request->data + 4, request->size - 4)) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    return size_since(request, put_u32(request->reply, session->inference->loaded));
}

static uint32_t handle_run(link_session_t *session, const request_t *request)
{
    inference_t *const inference = session->inference;
    const uint8_t flags = request->data[0];
    if ((flags & ~LINK_RUN_CHECKSUMS) != 0) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, flags);
    }
    if (inference->loaded < edgel3_net_info.input_size) {
        return refuse(request, LINK_ERROR_INPUT_INCOMPLETE, inference->loaded);
    }
    const int32_t failed_layer = inference_run(inference, (flags & LINK_RUN_CHECKSUMS) != 0);
    if (failed_layer != 0) {
        return refuse(request, LINK_ERROR_RUN_FAILED, (uint32_t)failed_layer);
    }
    return size_since(request, put_u64(request->reply, inference_total(inference)));
}

static uint32_t handle_read_output(link_session_t *session, const request_t *request)
{
    const uint32_t offset = get_u32(request->data);
    const uint32_t length = get_u16(request->data + 4);
    if (!session->inference->has_output) {
        return refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    if (length > LINK_MAX_CHUNK) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, length);
    }
    if (offset > edgel3_net_info.output_size || length > edgel3_net_info.output_size - offset) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    const uint8_t *const from = (const uint8_t *)session->inference->output + offset;
    return size_since(request, put_bytes(request->reply, from, length));
}

/* Whether first and count of a request name layers that exist; `last` is set to the one behind them. */
static bool layers_in_range(const request_t *request, uint32_t *first, uint32_t *last)
{
    *first = get_u16(request->data);
    *last = *first + get_u16(request->data + 2);
    return *last - *first <= LINK_MAX_LAYERS && *last <= edgel3_net_info.layer_count;
}

static uint32_t handle_read_timing(link_session_t *session, const request_t *request)
{
    uint32_t first;
    uint32_t last;
    if (!session->inference->has_output) {
        return refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    if (!layers_in_range(request, &first, &last)) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, last);
    }
    uint8_t *at = request->reply;
    for (uint32_t layer = first; layer < last; layer++) {
        at = put_u64(at, session->inference->counters[layer]);
    }
    return size_since(request, at);
}

static uint32_t handle_read_checksums(link_session_t *session, const request_t *request)
{
    uint32_t first;
    uint32_t last;
    if (!session->inference->has_checksums) {
        return refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    if (!layers_in_range(request, &first, &last)) {
        return refuse(request, LINK_ERROR_OUT_OF_RANGE, last);
    }
    uint8_t *at = request->reply;
    for (uint32_t layer = first; layer < last; layer++) {
        at = put_u32(at, session->inference->checksums[layer]);
    }
    return size_since(request, at);
}

static uint32_t handle_read_memory(link_session_t *session, const request_t *request)
{
    link_memory_t memory;
    session->device->read_memory(&memory);
    uint8_t *at = put_u32(request->reply, memory.stack_peak);
    at = put_u32(at, memory.stack_size);
    at = put_u32(at, memory.data_size);
    at = put_u32(at, edgel3_net_info.arena_size);
    return size_since(request, at);
}

static uint32_t handle_enter_bootloader(link_session_t *session, const request_t *request)
{
    if (!session->device->has_bootloader) {
        return refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
    }
    session->action = LINK_ACTION_BOOTLOADER;
    return 0;
}

static uint32_t handle_reset(link_session_t *session, const request_t *request)
{
    (void)request;
    session->action = LINK_ACTION_RESET;
    return 0;
}

/* hello may grow behind its version, which is compared before anything else. */
static const request_kind_t REQUESTS[] = {
    [LINK_REQUEST_HELLO] = {2, LINK_MAX_BODY, handle_hello},
    [LINK_REQUEST_IDENTIFY] = {0, 0, handle_identify},
    [LINK_REQUEST_LOAD_INPUT] = {4, 4 + LINK_MAX_CHUNK, handle_load_input},
    [LINK_REQUEST_RUN] = {1, 1, handle_run},
    [LINK_REQUEST_READ_OUTPUT] = {6, 6, handle_read_output},
    [LINK_REQUEST_READ_TIMING] = {4, 4, handle_read_timing},
    [LINK_REQUEST_READ_CHECKSUMS] = {4, 4, handle_read_checksums},
    [LINK_REQUEST_READ_MEMORY] = {0, 0, handle_read_memory},
    [LINK_REQUEST_ENTER_BOOTLOADER] = {0, 0, handle_enter_bootloader},
    [LINK_REQUEST_RESET] = {0, 0, handle_reset},
};

static uint32_t dispatch(link_session_t *session, uint8_t type, const request_t *request)
{
    const request_kind_t *const kind = type < sizeof(REQUESTS) / sizeof(REQUESTS[0]) ? &REQUESTS[type] : NULL;
    if (kind == NULL || kind->handle == NULL) {
        return refuse(request, LINK_ERROR_UNKNOWN_TYPE, type);
    }
    if (!session->greeted && type != LINK_REQUEST_HELLO) {
        return refuse(request, LINK_ERROR_NO_HANDSHAKE, LINK_PROTOCOL_VERSION);
    }
    if (request->size < kind->min_size || request->size > kind->max_size) {
        return refuse(request, LINK_ERROR_BAD_LENGTH, request->size);
    }
    return kind->handle(session, request);
}

static void send_error(link_session_t *session, uint8_t request_type, uint8_t sequence)
{
    session->reply[LINK_HEADER_SIZE + 1] = request_type;
    link_send(session->device->write, session->reply, LINK_REPLY_ERROR, sequence, 6);
}

static void handle_frame(link_session_t *session)
{
    const uint8_t *const content = session->receiver.content;
    const request_t request = {
        .data = content + LINK_HEADER_SIZE,
        .size = link_receiver_body_size(&session->receiver),
        .reply = session->reply + LINK_HEADER_SIZE,
    };
    const uint32_t size = dispatch(session, content[0], &request);
    if (size == REFUSED) {
        send_error(session, content[0], content[1]);
    } else {
        link_send(session->device->write, session->reply, content[0] | LINK_REPLY_BIT, content[1], size);
    }
}

static void refuse_frame(link_session_t *session, link_error_t code)
{
    const request_t request = {.reply = session->reply + LINK_HEADER_SIZE};
    refuse(&request, code, session->receiver.size);
    send_error(session, 0, session->receiver.size >= LINK_HEADER_SIZE ? session->receiver.content[1] : 0);
}

static void say(const link_session_t *session, const char *text)
{
    session->device->write((const uint8_t *)text, text_length(text));
}

static void introduce(const link_session_t *session)
{
    say(session, "edgel3-deploy firmware, protocol " TO_TEXT(LINK_PROTOCOL_VERSION) ", board ");
    say(session, session->device->board);
    say(session, ", model ");
    say(session, edgel3_net_info.model_name);
    say(session, ", runtime ");
    say(session, edgel3_net_info.runtime);
    say(session, ": talk to it with edgel3-deploy validate\r\n");
}

void link_session_start(link_session_t *session, const link_device_t *device, inference_t *inference)
{
    session->device = device;
    session->inference = inference;
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
        introduce(session);
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
