/**
 * @file frame.h
 * @brief Frames of the serial protocol: 0x00, COBS(type, sequence, body, CRC-32), 0x00 (docs/protocol.md).
 */
#ifndef EDGEL3_LINK_FRAME_H
#define EDGEL3_LINK_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

/** Bytes before and behind a frame's body: type and sequence, CRC. */
#define LINK_HEADER_SIZE 2u
#define LINK_CRC_SIZE 4u

/** Most bytes of a frame before COBS. */
#define LINK_MAX_CONTENT (LINK_HEADER_SIZE + LINK_MAX_BODY + LINK_CRC_SIZE)

/** What the latest byte completed. */
typedef enum {
    LINK_EVENT_NONE,
    LINK_EVENT_FRAME,     /**< a frame with the right CRC */
    LINK_EVENT_BAD_CRC,   /**< a frame with a wrong CRC; its header may be read, not trusted */
    LINK_EVENT_BAD_FRAME, /**< something that is no frame */
    LINK_EVENT_LINE,      /**< a line end outside frames */
    LINK_EVENT_TEXT,      /**< a printable character of ASCII outside frames */
} link_event_t;

/** Finds frames in a stream of bytes. Start with all zero bytes, or link_receiver_reset(). */
typedef struct {
    uint8_t content[LINK_MAX_CONTENT]; /**< decoded: type, sequence, body, CRC */
    uint32_t size;                     /**< bytes of content so far */
    uint8_t block;                     /**< COBS code of the current block, 0 before the first */
    uint8_t block_left;                /**< bytes of the block still to come */
    bool inside;                       /**< an opening 0x00 was seen */
    bool damaged;                      /**< longer than any frame */
    bool after_return;                 /**< the previous byte was a carriage return outside frames */
} link_receiver_t;

/** Where frames go: called with pieces of a frame in order. */
typedef void (*link_write_t)(const uint8_t *bytes, uint32_t size);

/** Forget an unfinished frame; the next byte is outside frames. */
void link_receiver_reset(link_receiver_t *receiver);

/** Take the next byte of the stream. After LINK_EVENT_FRAME, content and size hold the frame until the next call. */
link_event_t link_receiver_take(link_receiver_t *receiver, uint8_t byte);

/** Bytes of body in the frame that link_receiver_take() reported. */
uint32_t link_receiver_body_size(const link_receiver_t *receiver);

/**
 * Send one frame.
 *
 * @param content LINK_MAX_CONTENT bytes; the body stands at LINK_HEADER_SIZE, header and CRC are filled in here
 * @param body_size at most LINK_MAX_BODY
 */
void link_send(link_write_t write, uint8_t *content, uint8_t type, uint8_t sequence, uint32_t body_size);

#endif
