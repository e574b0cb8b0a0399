/* Bounds: every body written here is at most LINK_MAX_BODY bytes. */
#include "application/requests.h"

#include "application/sensor.h"
#include "application/sensor_requests.h"
#include "boot/requests.h"
#include "edgel3.h"
#include "link/bytes.h"
#include "settings/requests.h"

#define STRINGIFY(x) #x
#define TO_TEXT(x) STRINGIFY(x)

_Static_assert(LINK_MAX_LAYERS * 8 <= LINK_MAX_BODY && LINK_MAX_CHUNK <= LINK_MAX_BODY, "replies fit a frame");

static application_t *application_of(link_session_t *session)
{
    return session->context;
}

/* Whoever handles a request about the network's tensors and results asks here: the sensor leaves them to the host. */
static inference_t *inference_of(link_session_t *session)
{
    sensor_rest();
    return &application_of(session)->inference;
}

static uint32_t handle_load_input(link_session_t *session, const link_message_t *request)
{
    const uint32_t offset = get_u32(request->data);
    if (!inference_load(inference_of(session), offset, request->data + 4, request->size - 4)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    return link_size_since(request, put_u32(request->reply, inference_of(session)->loaded));
}

static uint32_t handle_run(link_session_t *session, const link_message_t *request)
{
    application_t *const application = application_of(session);
    inference_t *const inference = inference_of(session);
    const uint8_t flags = request->data[0];
    if ((flags & ~LINK_RUN_CHECKSUMS) != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, flags);
    }
    if (inference->loaded < edgel3_info.input_size) {
        return link_refuse(request, LINK_ERROR_INPUT_INCOMPLETE, inference->loaded);
    }
    application->show_running(true);
    const int32_t failed_layer = inference_run(inference, (flags & LINK_RUN_CHECKSUMS) != 0);
    application->show_running(false);
    audio_end(&application->audio);
    /* Counted from the end of a run, which may be long: its results are still to be read. */
    sensor_rest();
    if (failed_layer != 0) {
        return link_refuse(request, LINK_ERROR_RUN_FAILED, (uint32_t)failed_layer);
    }
    return link_size_since(request, put_u64(request->reply, inference_total(inference)));
}

/* The chunk of a tensor of `size` bytes that offset and length of a request name. */
static uint32_t read_tensor(const link_message_t *request, const int8_t *tensor, uint32_t size)
{
    const uint32_t offset = get_u32(request->data);
    const uint32_t length = get_u16(request->data + 4);
    if (length > LINK_MAX_CHUNK) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, length);
    }
    if (offset > size || length > size - offset) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    return link_size_since(request, put_bytes(request->reply, (const uint8_t *)tensor + offset, length));
}

static uint32_t handle_read_output(link_session_t *session, const link_message_t *request)
{
    if (!inference_of(session)->has_output) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    return read_tensor(request, inference_of(session)->output, edgel3_info.output_size);
}

static uint32_t handle_load_audio(link_session_t *session, const link_message_t *request)
{
    audio_t *const audio = &application_of(session)->audio;
    const uint32_t offset = get_u32(request->data);
    const uint8_t flags = request->data[4];
    const uint32_t size = request->size - 5;
    const bool window = (flags & LINK_AUDIO_WINDOW) != 0;
    if (!audio_is_supported()) {
        return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
    }
    if ((flags & ~LINK_AUDIO_WINDOW) != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, flags);
    }
    if (size % 2 != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, size);
    }
    if (!audio_load(audio, inference_of(session), offset, request->data + 5, size / 2, window)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    return link_size_since(request, put_u64(put_u32(request->reply, audio->loaded), audio->counter));
}

static uint32_t handle_read_input(link_session_t *session, const link_message_t *request)
{
    const inference_t *const inference = inference_of(session);
    if (inference->loaded < edgel3_info.input_size) {
        return link_refuse(request, LINK_ERROR_INPUT_INCOMPLETE, inference->loaded);
    }
    return read_tensor(request, inference->input, edgel3_info.input_size);
}

/* Whether first and count of a request name layers that exist; `last` is set to the one behind them. */
static bool layers_in_range(const link_message_t *request, uint32_t *first, uint32_t *last)
{
    *first = get_u16(request->data);
    *last = *first + get_u16(request->data + 2);
    return *last - *first <= LINK_MAX_LAYERS && *last <= edgel3_info.layer_count;
}

static uint32_t handle_read_timing(link_session_t *session, const link_message_t *request)
{
    uint32_t first;
    uint32_t last;
    if (!inference_of(session)->has_output) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    if (!layers_in_range(request, &first, &last)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, last);
    }
    uint8_t *at = request->reply;
    for (uint32_t layer = first; layer < last; layer++) {
        at = put_u64(at, inference_of(session)->counters[layer]);
    }
    return link_size_since(request, at);
}

static uint32_t handle_read_checksums(link_session_t *session, const link_message_t *request)
{
    uint32_t first;
    uint32_t last;
    if (!inference_of(session)->has_checksums) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    if (!layers_in_range(request, &first, &last)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, last);
    }
    uint8_t *at = request->reply;
    for (uint32_t layer = first; layer < last; layer++) {
        at = put_u32(at, inference_of(session)->checksums[layer]);
    }
    return link_size_since(request, at);
}

static uint32_t handle_read_labels(link_session_t *session, const link_message_t *request)
{
    const inference_t *const inference = inference_of(session);
    if (EDGEL3_LABEL_COUNT == 0) {
        return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
    }
    if (!inference->has_output) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    uint8_t *at = put_bytes(request->reply, edgel3_info.labels_sha256, sizeof edgel3_info.labels_sha256);
    at = put_bytes(at, (const uint8_t *)inference->scores, EDGEL3_LABEL_COUNT);
    return link_size_since(request, at);
}

static uint32_t handle_read_memory(link_session_t *session, const link_message_t *request)
{
    memory_use_t memory;
    application_of(session)->read_memory(&memory);
    uint8_t *at = put_u32(request->reply, memory.stack_peak);
    at = put_u32(at, memory.stack_size);
    at = put_u32(at, memory.data_size);
    at = put_u32(at, edgel3_info.arena_size);
    return link_size_since(request, at);
}

const link_handling_t APPLICATION_HANDLINGS[] = {
    {LINK_REQUEST_LOAD_INPUT, LINK_WHEN_IDLE, 4, 4 + LINK_MAX_CHUNK, handle_load_input},
    {LINK_REQUEST_RUN, LINK_WHEN_IDLE, 1, 1, handle_run},
    {LINK_REQUEST_READ_OUTPUT, LINK_WHEN_IDLE, 6, 6, handle_read_output},
    {LINK_REQUEST_READ_TIMING, LINK_WHEN_IDLE, 4, 4, handle_read_timing},
    {LINK_REQUEST_READ_CHECKSUMS, LINK_WHEN_IDLE, 4, 4, handle_read_checksums},
    {LINK_REQUEST_READ_LABELS, LINK_WHEN_IDLE, 0, 0, handle_read_labels},
    {LINK_REQUEST_READ_MEMORY, LINK_ANY_TIME, 0, 0, handle_read_memory},
    {LINK_REQUEST_LOAD_AUDIO, LINK_WHEN_IDLE, 5, 5 + LINK_MAX_CHUNK, handle_load_audio},
    {LINK_REQUEST_READ_INPUT, LINK_WHEN_IDLE, 6, 6, handle_read_input},
    {LINK_REQUEST_READ_RESET, LINK_ANY_TIME, 0, 0, boot_handle_read_reset},
    {LINK_REQUEST_READ_IMAGE, LINK_ANY_TIME, 1, 1, boot_handle_read_image},
    {LINK_REQUEST_READ_SETTING, LINK_ANY_TIME, 2, 2, settings_handle_read},
    {LINK_REQUEST_WRITE_SETTING, LINK_WHEN_IDLE, 6, 6, settings_handle_write},
    {LINK_REQUEST_READ_SENSOR, LINK_ANY_TIME, 0, 0, sensor_handle_read},
    {LINK_REQUEST_START_SENSOR, LINK_WHEN_IDLE, 1, 1, sensor_handle_start},
    {LINK_REQUEST_PLAY_AUDIO, LINK_WHEN_IDLE, 4, 4 + LINK_MAX_CHUNK, sensor_handle_play},
    {LINK_REQUEST_READ_RECORD, LINK_ANY_TIME, 8, 8, sensor_handle_read_record},
    {LINK_REQUEST_READ_SUMMARY, LINK_ANY_TIME, 0, 0, sensor_handle_read_summary},
};
const uint32_t APPLICATION_HANDLING_COUNT = sizeof(APPLICATION_HANDLINGS) / sizeof(APPLICATION_HANDLINGS[0]);

void application_introduce(const link_session_t *session)
{
    const link_device_t *const device = session->device;
    link_say(session, "edgel3-deploy firmware, protocol " TO_TEXT(LINK_PROTOCOL_VERSION) ", board ");
    link_say(session, device->board);
    link_say(session, ", model ");
    link_say(session, device->model);
    link_say(session, ", runtime ");
    link_say(session, device->runtime);
    link_say(session, ": talk to it with edgel3-deploy validate\r\n");
}
