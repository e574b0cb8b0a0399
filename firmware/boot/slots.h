/**
 * @file slots.h
 * @brief The slots of the flash that hold an application: what is in them, which starts, and their marks.
 *
 * With two slots the whole image of the highest sequence is preferred. Until it has confirmed itself, each start burns one
 * of its IMAGE_TRIALS marks; without one left it has failed, and the other slot's image starts. A single slot has no
 * marks: there is nothing to fall back to.
 */
#ifndef EDGEL3_BOOT_SLOTS_H
#define EDGEL3_BOOT_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/image_header.h"
#include "link/protocol.h"

/** What slots_next() returns if no image may start. */
#define SLOT_NONE UINT32_MAX

/** Address and bytes of a slot, header included. */
typedef struct {
    uint32_t origin;
    uint32_t size;
} slot_place_t;

/** What a slot holds. `header` is zero unless has_header; `crc` is that of the image as it is in flash. */
typedef struct {
    link_slot_state_t state;
    bool has_header;
    image_header_t header;
    uint32_t crc;
} slot_t;

/** How many slots this image was built for; 0 in a bare image. */
uint32_t slots_count(void);

/** Where a slot is; `slot` is less than slots_count(). */
slot_place_t slots_place(uint32_t slot);

/** The slot at whose image `address` is, SLOT_NONE if it is none. */
uint32_t slots_find(uint32_t address);

/** Look into a slot: header, marks and the CRC of the whole image. */
void slots_read(uint32_t slot, slot_t *found);

/** The slot that would start now, or SLOT_NONE. `found` receives what all slots hold, slots_count() of them. */
uint32_t slots_next(slot_t *found);

/**
 * The slot that an update may not touch: the latest image that has confirmed itself, or, if none has, the one that would
 * start; SLOT_NONE if there is neither. `found` is what slots_next() gave.
 */
uint32_t slots_kept(const slot_t *found);

/** Burn a mark before the image in `slot` starts on trial; false if none is left or the flash refuses. */
bool slots_burn_trial(uint32_t slot);

/** Burn all marks that are left: the image has failed. */
void slots_fail(uint32_t slot);

/** The image in `slot` works. */
void slots_confirm(uint32_t slot);

#endif
