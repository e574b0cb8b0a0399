/* Header checks, cheapest first: nothing of a header is believed before its own CRC holds. */
#include "boot/image_header.h"

#include "board.h"
#include "drivers/flash.h"
#include "drivers/watchdog.h"
#include "link/crc32.h"

#define MAGIC 0x49334C45u /* the letters EL3I */
#define LAYOUT 1u
#define PIECE 512u

_Static_assert(sizeof(BOARD_NAME) - 1 <= IMAGE_BOARD_SIZE, "the board's name fits the header");

static bool consists_of(const uint8_t *bytes, uint32_t size, uint8_t value)
{
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static uint32_t crc_of(const image_header_t *header)
{
    return crc32_update(0, (const uint8_t *)header, sizeof(*header) - sizeof(header->header_crc));
}

bool image_header_names_this_board(const image_header_t *header)
{
    static const char NAME[IMAGE_BOARD_SIZE] = BOARD_NAME;
    for (uint32_t i = 0; i < IMAGE_BOARD_SIZE; i++) {
        if (header->board[i] != NAME[i]) {
            return false;
        }
    }
    return true;
}

image_header_state_t image_header_check(const image_header_t *header, uint32_t origin, uint32_t capacity)
{
    const uint8_t *const bytes = (const uint8_t *)header;
    if (consists_of(bytes, sizeof(*header), 0xFF) || consists_of(bytes, sizeof(*header), 0)) {
        return IMAGE_HEADER_EMPTY;
    }
    if (header->magic != MAGIC || header->layout != LAYOUT || header->header_crc != crc_of(header)) {
        return IMAGE_HEADER_DAMAGED;
    }
    if (!image_header_names_this_board(header)) {
        return IMAGE_HEADER_OTHER_BOARD;
    }
    if (header->origin != origin || header->size == 0 || header->size > capacity - IMAGE_HEADER_SIZE) {
        return IMAGE_HEADER_DAMAGED;
    }
    return IMAGE_HEADER_WHOLE;
}

void image_header_seal(image_header_t *header)
{
    header->magic = MAGIC;
    header->layout = LAYOUT;
    for (uint32_t i = 0; i < sizeof(header->reserved); i++) {
        header->reserved[i] = 0;
    }
    header->header_crc = crc_of(header);
}

bool image_crc(uint32_t address, uint32_t size, uint32_t *crc)
{
    uint32_t piece[PIECE / sizeof(uint32_t)];
    uint32_t sum = 0;
    for (uint32_t done = 0; done < size;) {
        const uint32_t length = size - done < PIECE ? size - done : PIECE;
        if (!flash_read(address + done, piece, length)) {
            return false;
        }
        sum = crc32_update(sum, (const uint8_t *)piece, length);
        done += length;
        watchdog_feed();
    }
    *crc = sum;
    return true;
}
