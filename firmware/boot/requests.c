/* A bare image has no header: it gives its own bytes, whose CRC and build id a host can compare all the same. */
#include "boot/requests.h"

#include "board.h"
#include "boot/mailbox.h"
#include "boot/slots.h"
#include "link/bytes.h"

uint32_t boot_handle_read_reset(link_session_t *session, const link_message_t *request)
{
    (void)session;
    const mailbox_t *const mailbox = mailbox_content();
    uint8_t *at = request->reply;
    *at++ = (uint8_t)mailbox->cause;
    *at++ = (uint8_t)mailbox->stay_reason;
    *at++ = (uint8_t)mailbox->has_fault;
    at = put_u32(at, mailbox->restarts);
    for (uint32_t i = 0; i < MAILBOX_FAULT_WORDS; i++) {
        at = put_u32(at, mailbox->fault[i]);
    }
    return link_size_since(request, at);
}

static uint8_t *put_image(uint8_t *at, uint32_t crc, const image_header_t *header)
{
    at = put_u32(at, header->size);
    at = put_u32(at, crc);
    at = put_u32(at, header->crc);
    at = put_u32(at, header->version);
    at = put_u32(at, header->sequence);
    return put_bytes(at, header->build_id, IMAGE_BUILD_ID_SIZE);
}

#if BOARD_SLOT_COUNT > 0

uint32_t boot_handle_read_image(link_session_t *session, const link_message_t *request)
{
    const uint32_t asked = request->data[0];
    const uint32_t slot = asked == LINK_RUNNING_SLOT ? slots_find(session->device->image.start) : asked;
    if (slot >= slots_count()) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, asked);
    }
    const slot_place_t place = slots_place(slot);
    slot_t found;
    slots_read(slot, &found);
    uint8_t *at = request->reply;
    *at++ = (uint8_t)slot;
    *at++ = (uint8_t)found.state;
    *at++ = (uint8_t)slots_count();
    at = put_u32(at, place.origin);
    at = put_u32(at, place.size);
    return link_size_since(request, put_image(at, found.crc, &found.header));
}

#else

uint32_t boot_handle_read_image(link_session_t *session, const link_message_t *request)
{
    const link_image_t image = session->device->image;
    const uint32_t asked = request->data[0];
    if (asked != LINK_RUNNING_SLOT && asked != 0) {
        return link_refuse(request, LINK_ERROR_OUT_OF_RANGE, asked);
    }
    image_header_t header = {.size = image.size};
    put_bytes(header.build_id, session->device->build_id, IMAGE_BUILD_ID_SIZE);
    uint32_t crc = 0;
    const bool readable = image_crc(image.start, image.size, &crc);
    uint8_t *at = request->reply;
    *at++ = 0;
    *at++ = readable ? LINK_SLOT_CONFIRMED : LINK_SLOT_DAMAGED;
    *at++ = 0;
    at = put_u32(at, image.start);
    at = put_u32(at, image.size);
    return link_size_since(request, put_image(at, crc, &header));
}

#endif
