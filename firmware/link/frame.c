/*
 * Frame receiver and sender. COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on
 * Networking 7(2), 1999: blocks of a code byte n and n - 1 bytes that are not zero, each followed by a zero that is not
 * sent, unless n is 0xFF or the block is the last.
 *
 * Bounds: content never exceeds LINK_MAX_CONTENT; a longer frame is swallowed up to its closing zero and reported bad.
 */
#include "frame.h"

#include "bytes.h"
#include "crc32.h"

#define COBS_FULL_BLOCK 0xFFu

static void begin_frame(link_receiver_t *receiver)
{
    receiver->size = 0;
    receiver->block = 0;
    receiver->block_left = 0;
    receiver->inside = true;
    receiver->damaged = false;
    receiver->after_return = false;
}

void link_receiver_reset(link_receiver_t *receiver)
{
    begin_frame(receiver);
    receiver->inside = false;
}

uint32_t link_receiver_body_size(const link_receiver_t *receiver)
{
    return receiver->size - LINK_HEADER_SIZE - LINK_CRC_SIZE;
}

static void append(link_receiver_t *receiver, uint8_t byte)
{
    if (receiver->size == LINK_MAX_CONTENT) {
        receiver->damaged = true;
    } else {
        receiver->content[receiver->size++] = byte;
    }
}

static void decode(link_receiver_t *receiver, uint8_t byte)
{
    if (receiver->block_left > 0) {
        receiver->block_left--;
        append(receiver, byte);
        return;
    }
    if (receiver->block != 0 && receiver->block != COBS_FULL_BLOCK) {
        append(receiver, 0);
    }
    receiver->block = byte;
    receiver->block_left = (uint8_t)(byte - 1);
}

static link_event_t end_frame(const link_receiver_t *receiver)
{
    const uint32_t smallest = LINK_HEADER_SIZE + LINK_CRC_SIZE;
    if (receiver->damaged || receiver->block_left > 0 || receiver->size < smallest) {
        return LINK_EVENT_BAD_FRAME;
    }
    const uint32_t guarded = receiver->size - LINK_CRC_SIZE;
    const bool intact = crc32_update(0, receiver->content, guarded) == get_u32(receiver->content + guarded);
    return intact ? LINK_EVENT_FRAME : LINK_EVENT_BAD_CRC;
}

static link_event_t take_outside(link_receiver_t *receiver, uint8_t byte)
{
    if (byte == 0) {
        begin_frame(receiver);
        return LINK_EVENT_NONE;
    }
    const bool ends_line = byte == '\r' || (byte == '\n' && !receiver->after_return);
    receiver->after_return = byte == '\r';
    if (ends_line) {
        return LINK_EVENT_LINE;
    }
    return byte >= ' ' && byte <= '~' ? LINK_EVENT_TEXT : LINK_EVENT_NONE;
}

link_event_t link_receiver_take(link_receiver_t *receiver, uint8_t byte)
{
    if (!receiver->inside) {
        return take_outside(receiver, byte);
    }
    if (receiver->block == 0) {
        /* Two zeros in a row: the first closed something that was lost, the second opens. */
        begin_frame(receiver);
    }
    if (byte != 0) {
        decode(receiver, byte);
        return LINK_EVENT_NONE;
    }
    if (receiver->block == 0) {
        return LINK_EVENT_NONE;
    }
    const link_event_t event = end_frame(receiver);
    /* The zero behind something unreadable may be the opening of the next frame. */
    receiver->inside = event != LINK_EVENT_FRAME;
    receiver->block = 0;
    return event;
}

void link_send(link_write_t write, uint8_t *content, uint8_t type, uint8_t sequence, uint32_t body_size)
{
    static const uint8_t DELIMITER = 0;

    content[0] = type;
    content[1] = sequence;
    const uint32_t guarded = LINK_HEADER_SIZE + body_size;
    const uint8_t *const end = put_u32(content + guarded, crc32_update(0, content, guarded));

    write(&DELIMITER, 1);
    const uint8_t *start = content;
    bool more = true;
    while (more) {
        uint8_t code = 1;
        while (start + code - 1 < end && start[code - 1] != 0 && code < COBS_FULL_BLOCK) {
            code++;
        }
        const uint32_t length = code - 1u;
        write(&code, 1);
        write(start, length);
        start += length;
        more = start < end;
        /* A zero ended the block: it is not sent. If it was the last byte, an empty block stands for what follows. */
        if (more && code != COBS_FULL_BLOCK) {
            start++;
        }
    }
    write(&DELIMITER, 1);
}
