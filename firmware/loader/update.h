/**
 * @file update.h
 * @brief One update of an application: announced, erased, written, verified and committed.
 *
 * The first sector to be erased holds the header and the header is the last to be written, so between the two the slot holds
 * no image, whenever the power fails. Every step may be repeated.
 */
#ifndef EDGEL3_LOADER_UPDATE_H
#define EDGEL3_LOADER_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/image_header.h"
#include "link/protocol.h"

/** The update that was announced; start with all zero bytes. */
typedef struct {
    bool begun;
    uint32_t slot;
    image_header_t header;
    uint32_t sectors; /**< that the image needs, from the slot's first */
    uint32_t erased;  /**< of them so far, from the first */
} update_t;

/** Why a step was refused: a link_error_t and its detail; code 0 if it was not. */
typedef struct {
    uint8_t code;
    uint32_t detail;
} update_refusal_t;

/**
 * Announce an image: origin, size, crc, version, board and build_id of `header`. Nothing is changed in flash.
 *
 * Refuses WRONG_BOARD; OUT_OF_RANGE for a slot that does not exist, that the image was not linked for, that is too small, or
 * whose image is the next to start while there is another slot; VERSION_BELOW unless `force`.
 */
update_refusal_t update_begin(update_t *update, uint32_t slot, const image_header_t *header, bool force);

/** Erase the next of the slot's sectors. Refuses NO_UPDATE, OUT_OF_RANGE, FLASH_FAILED. */
update_refusal_t update_erase(update_t *update, uint32_t sector);

/**
 * Program `size` bytes at `offset` from the slot's origin. What is there already is left alone.
 *
 * Refuses NO_UPDATE, OUT_OF_RANGE, NOT_ERASED, FLASH_FAILED.
 */
update_refusal_t update_write(update_t *update, uint32_t offset, const uint8_t *data, uint32_t size);

/** Compare the image's CRC and write its header. Refuses NO_UPDATE, BAD_IMAGE, NOT_ERASED, FLASH_FAILED. */
update_refusal_t update_verify(update_t *update);

#endif
