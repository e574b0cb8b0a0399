/* The logic of an update; flash and slots do the work. */
#include "loader/update.h"

#include "board.h"
#include "boot/slots.h"
#include "drivers/flash.h"
#include "drivers/watchdog.h"

#define UNIT_WORDS (FLASH_UNIT / sizeof(uint32_t))

static const update_refusal_t ACCEPTED = {0, 0};

static update_refusal_t refuse(link_error_t code, uint32_t detail)
{
    return (update_refusal_t){(uint8_t)code, detail};
}

static uint32_t round_up(uint32_t size)
{
    return (size + FLASH_UNIT - 1u) / FLASH_UNIT * FLASH_UNIT;
}

/* The sector of the slot that is `index` behind its first. */
static bool find_sector(uint32_t slot, uint32_t index, flash_sector_t *sector)
{
    uint32_t number;
    uint32_t address = slots_place(slot).origin;
    for (uint32_t i = 0; i <= index; i++) {
        if (!flash_find_sector(address, &number, sector)) {
            return false;
        }
        address = sector->origin + sector->size;
    }
    return true;
}

static uint32_t count_sectors(uint32_t slot, uint32_t size)
{
    const uint32_t end = slots_place(slot).origin + size;
    flash_sector_t sector;
    uint32_t count = 0;
    while (find_sector(slot, count, &sector) && sector.origin < end) {
        count++;
    }
    return count;
}

typedef enum { UNIT_BLANK, UNIT_EQUAL, UNIT_OTHER } unit_state_t;

/* What stands at `address`, compared with `wanted`. */
static unit_state_t compare_unit(uint32_t address, const uint32_t wanted[UNIT_WORDS])
{
    uint32_t there[UNIT_WORDS];
    if (!flash_read(address, there, sizeof(there))) {
        return UNIT_OTHER;
    }
    bool blank = true;
    bool equal = true;
    for (uint32_t i = 0; i < UNIT_WORDS; i++) {
        blank = blank && there[i] == UINT32_MAX;
        equal = equal && there[i] == wanted[i];
    }
    return equal ? UNIT_EQUAL : blank ? UNIT_BLANK : UNIT_OTHER;
}

static update_refusal_t program_unit(uint32_t address, const uint32_t wanted[UNIT_WORDS])
{
    switch (compare_unit(address, wanted)) {
    case UNIT_EQUAL:
        return ACCEPTED;
    case UNIT_OTHER:
        return refuse(LINK_ERROR_NOT_ERASED, address);
    case UNIT_BLANK:
        break;
    }
    if (!flash_program(address, wanted) || compare_unit(address, wanted) != UNIT_EQUAL) {
        return refuse(LINK_ERROR_FLASH_FAILED, address);
    }
    return ACCEPTED;
}

static update_refusal_t check_blank(uint32_t origin, uint32_t size, link_error_t code)
{
    static const uint32_t BLANK[UNIT_WORDS] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                               UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    for (uint32_t at = 0; at < size; at += FLASH_UNIT) {
        if (compare_unit(origin + at, BLANK) != UNIT_EQUAL) {
            return refuse(code, origin + at);
        }
        watchdog_feed();
    }
    return ACCEPTED;
}

update_refusal_t update_begin(update_t *update, uint32_t slot, const image_header_t *header, bool force)
{
    slot_t found[BOARD_SLOT_COUNT];
    update->begun = false;
    if (!image_header_names_this_board(header)) {
        return refuse(LINK_ERROR_WRONG_BOARD, 0);
    }
    if (slot >= BOARD_SLOT_COUNT) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, slot);
    }
    const slot_place_t place = slots_place(slot);
    if (header->origin != place.origin) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, header->origin);
    }
    if (header->size == 0 || header->size > place.size - IMAGE_HEADER_SIZE) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, header->size);
    }
    const uint32_t next = slots_next(found);
    if (BOARD_SLOT_COUNT > 1 && slots_kept(found) == slot) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, slot);
    }
    if (!force && next != SLOT_NONE && header->version < found[next].header.version) {
        return refuse(LINK_ERROR_VERSION_BELOW, found[next].header.version);
    }
    *update = (update_t){
        .begun = true,
        .slot = slot,
        .header = *header,
        .sectors = count_sectors(slot, IMAGE_HEADER_SIZE + header->size),
    };
    return ACCEPTED;
}

update_refusal_t update_erase(update_t *update, uint32_t sector)
{
    if (!update->begun) {
        return refuse(LINK_ERROR_NO_UPDATE, 0);
    }
    flash_sector_t place;
    if (sector >= update->sectors || sector > update->erased || !find_sector(update->slot, sector, &place)) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, sector);
    }
    if (sector < update->erased) {
        return check_blank(place.origin, place.size, LINK_ERROR_NOT_ERASED);
    }
    if (!flash_erase(place.origin)) {
        return refuse(LINK_ERROR_FLASH_FAILED, place.origin);
    }
    const update_refusal_t refusal = check_blank(place.origin, place.size, LINK_ERROR_FLASH_FAILED);
    if (refusal.code == 0) {
        update->erased++;
    }
    return refusal;
}

update_refusal_t update_write(update_t *update, uint32_t offset, const uint8_t *data, uint32_t size)
{
    if (!update->begun) {
        return refuse(LINK_ERROR_NO_UPDATE, 0);
    }
    const uint32_t end = IMAGE_HEADER_SIZE + round_up(update->header.size);
    if (offset % FLASH_UNIT != 0 || offset < IMAGE_HEADER_SIZE || offset > end) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, offset);
    }
    if (size % FLASH_UNIT != 0 || size > end - offset) {
        return refuse(LINK_ERROR_OUT_OF_RANGE, size);
    }
    for (uint32_t at = 0; at < size; at += FLASH_UNIT) {
        uint32_t unit[UNIT_WORDS];
        for (uint32_t i = 0; i < FLASH_UNIT; i++) {
            ((uint8_t *)unit)[i] = data[at + i];
        }
        const update_refusal_t refusal = program_unit(slots_place(update->slot).origin + offset + at, unit);
        if (refusal.code != 0) {
            return refusal;
        }
        watchdog_feed();
    }
    return ACCEPTED;
}

static bool is_committed(const update_t *update, const slot_t *there)
{
    const image_header_t *const header = &update->header;
    bool same_build = true;
    for (uint32_t i = 0; i < IMAGE_BUILD_ID_SIZE; i++) {
        same_build = same_build && there->header.build_id[i] == header->build_id[i];
    }
    const bool may_start = there->state == LINK_SLOT_TRIAL || there->state == LINK_SLOT_CONFIRMED;
    return may_start && same_build && there->header.crc == header->crc && there->header.size == header->size &&
           there->header.version == header->version;
}

/* The marks must be open, or the image would never be on trial. The header's own CRC is in the last word written. */
static update_refusal_t commit(const update_t *update, uint32_t sequence)
{
    const uint32_t origin = slots_place(update->slot).origin;
    image_header_t header = update->header;
    header.sequence = sequence;
    image_header_seal(&header);
    update_refusal_t refusal =
        check_blank(origin + IMAGE_TRIAL_OFFSET, IMAGE_HEADER_SIZE - IMAGE_TRIAL_OFFSET, LINK_ERROR_NOT_ERASED);
    for (uint32_t at = 0; refusal.code == 0 && at < sizeof(header); at += FLASH_UNIT) {
        uint32_t unit[UNIT_WORDS];
        for (uint32_t i = 0; i < FLASH_UNIT; i++) {
            ((uint8_t *)unit)[i] = ((const uint8_t *)&header)[at + i];
        }
        refusal = program_unit(origin + at, unit);
    }
    return refusal;
}

update_refusal_t update_verify(update_t *update)
{
    slot_t found[BOARD_SLOT_COUNT];
    uint32_t crc = 0;
    if (!update->begun) {
        return refuse(LINK_ERROR_NO_UPDATE, 0);
    }
    const image_header_t *const header = &update->header;
    if (!image_crc(header->origin + IMAGE_HEADER_SIZE, header->size, &crc) || crc != header->crc) {
        return refuse(LINK_ERROR_BAD_IMAGE, crc);
    }
    slots_next(found);
    if (is_committed(update, &found[update->slot])) {
        return ACCEPTED;
    }
    uint32_t sequence = 0;
    for (uint32_t slot = 0; slot < BOARD_SLOT_COUNT; slot++) {
        if (found[slot].has_header && found[slot].header.sequence > sequence) {
            sequence = found[slot].header.sequence;
        }
    }
    return commit(update, sequence + 1u);
}
