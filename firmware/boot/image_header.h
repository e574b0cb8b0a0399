/**
 * @file image_header.h
 * @brief What stands in front of an application in its slot; its twin on the host is edgel3_deploy/image/header.py.
 *
 * A slot starts with IMAGE_HEADER_SIZE bytes: the header, then marks of IMAGE_MARK_SIZE bytes each that are erased at first
 * and programmed once. The image, its vector table first, stands behind them.
 */
#ifndef EDGEL3_BOOT_IMAGE_HEADER_H
#define EDGEL3_BOOT_IMAGE_HEADER_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes of flash before the image; a multiple of every alignment that a vector table may need. */
#define IMAGE_HEADER_SIZE 0x400u

/** Flash words that are programmed once: three starts on trial, then the image's own word that it works. */
#define IMAGE_MARK_SIZE 32u
#define IMAGE_TRIAL_OFFSET 0x80u
#define IMAGE_TRIALS 3u
#define IMAGE_CONFIRMED_OFFSET 0xE0u

#define IMAGE_BOARD_SIZE 48u
#define IMAGE_BUILD_ID_SIZE 32u

/** Little-endian in flash; header_crc is the CRC-32 of all bytes before it. */
typedef struct {
    uint32_t magic;
    uint32_t layout;
    uint32_t origin;   /**< address of the slot that the image is linked for */
    uint32_t size;     /**< bytes of the image */
    uint32_t crc;      /**< CRC-32 of the image */
    uint32_t version;  /**< monotonic, chosen by whoever builds */
    uint32_t sequence; /**< counts updates of the board */
    char board[IMAGE_BOARD_SIZE]; /**< padded with NUL */
    uint8_t build_id[IMAGE_BUILD_ID_SIZE];
    uint8_t reserved[16];
    uint32_t header_crc;
} image_header_t;

_Static_assert(sizeof(image_header_t) == IMAGE_TRIAL_OFFSET, "the header fills the flash words before the marks");

typedef enum {
    IMAGE_HEADER_EMPTY, /**< erased, or cleared to zero */
    IMAGE_HEADER_DAMAGED,
    IMAGE_HEADER_OTHER_BOARD,
    IMAGE_HEADER_WHOLE,
} image_header_state_t;

/** Judge a header that was read from the slot of `capacity` bytes at `origin`. The image itself is not looked at. */
image_header_state_t image_header_check(const image_header_t *header, uint32_t origin, uint32_t capacity);

/** Whether a header's board is this one. */
bool image_header_names_this_board(const image_header_t *header);

/** Fill in magic, layout and header_crc; zero what is reserved. */
void image_header_seal(image_header_t *header);

/** CRC-32 of `size` bytes of flash at `address`; false if a byte of them cannot be read. Feeds the watchdog. */
bool image_crc(uint32_t address, uint32_t size, uint32_t *crc);

#endif
