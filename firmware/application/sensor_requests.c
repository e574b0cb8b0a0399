/* Bounds: a record and a summary are read in chunks that fit a reply. */
#include "application/sensor_requests.h"

#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/records.h"
#include "application/sensor.h"
#include "application/summaries.h"
#include "link/bytes.h"

_Static_assert(RECORDS_SIZE <= UINT16_MAX && SUMMARY_MAX_SIZE <= LINK_MAX_BODY, "sizes fit their fields");

static uint32_t reply_with_progress(const link_message_t *request)
{
    const sensor_progress_t progress = sensor_progress();
    uint8_t *at = request->reply;
    *at++ = (uint8_t)progress.state;
    *at++ = progress.has_microphone ? 1 : 0;
    at = put_u32(at, progress.rate);
    at = put_u64(at, progress.samples);
    at = put_u32(at, progress.lost);
    at = put_u32(at, progress.hop);
    at = put_u32(at, records_next());
    at = put_u32(at, records_oldest());
    at = put_u16(at, EDGEL3_LABEL_COUNT);
    at = put_u16(at, EDGEL3_BANDS);
    at = put_u16(at, EDGEL3_OUTPUT_SIZE);
    at = put_u16(at, RECORDS_SIZE);
    at = put_u32(at, summaries_made());
    return link_size_since(request, at);
}

uint32_t sensor_handle_read(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return reply_with_progress(request);
}

uint32_t sensor_handle_start(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint8_t source = request->data[0];
    if (source != LINK_SOURCE_MICROPHONE && source != LINK_SOURCE_LINK) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, source);
    }
    if (!sensor_restart((link_sensor_source_t)source)) {
        return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, source);
    }
    return reply_with_progress(request);
}

uint32_t sensor_handle_play(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint32_t offset = get_u32(request->data);
    const uint32_t size = request->size - 4;
    if (!sensor_is_playing()) {
        return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
    }
    if (size % 2 != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, size);
    }
    if (!sensor_play(offset, request->data + 4, size / 2)) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, offset);
    }
    return link_size_since(request, put_u32(put_u32(request->reply, offset + size / 2), records_next()));
}

uint32_t sensor_handle_read_record(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint32_t sequence = get_u32(request->data);
    const uint32_t offset = get_u16(request->data + 4);
    const uint32_t length = get_u16(request->data + 6);
    if (sequence >= records_next()) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, records_next());
    }
    if (sequence < records_oldest() || length > LINK_MAX_CHUNK || offset + length > RECORDS_SIZE) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, records_oldest());
    }
    return link_size_since(request, put_bytes(request->reply, records_find(sequence) + offset, length));
}

uint32_t sensor_handle_read_summary(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const uint8_t *payload;
    const uint32_t size = summaries_newest(&payload);
    if (size == 0) {
        return link_refuse(request, LINK_ERROR_NO_RESULT, 0);
    }
    return link_size_since(request, put_bytes(request->reply, payload, size));
}

#else

static uint32_t refuse(const link_message_t *request)
{
    return link_refuse(request, LINK_ERROR_NOT_SUPPORTED, 0);
}

uint32_t sensor_handle_read(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return refuse(request);
}

uint32_t sensor_handle_start(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return refuse(request);
}

uint32_t sensor_handle_play(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return refuse(request);
}

uint32_t sensor_handle_read_record(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return refuse(request);
}

uint32_t sensor_handle_read_summary(link_session_t *session, const link_message_t *request)
{
    (void)session;
    return refuse(request);
}

#endif
