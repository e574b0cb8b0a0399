/* Marks are flash words: erased they are open, and any other content, one that cannot be read too, means set. */
#include "boot/slots.h"

#include "board.h"
#include "drivers/flash.h"

#if BOARD_SLOT_COUNT > 0

static const slot_place_t PLACES[BOARD_SLOT_COUNT] = BOARD_SLOTS;

uint32_t slots_count(void)
{
    return BOARD_SLOT_COUNT;
}

slot_place_t slots_place(uint32_t slot)
{
    return PLACES[slot];
}

uint32_t slots_find(uint32_t address)
{
    for (uint32_t slot = 0; slot < BOARD_SLOT_COUNT; slot++) {
        if (address - PLACES[slot].origin < PLACES[slot].size) {
            return slot;
        }
    }
    return SLOT_NONE;
}

static bool is_open(uint32_t address)
{
    uint32_t word[IMAGE_MARK_SIZE / sizeof(uint32_t)];
    if (!flash_read(address, word, sizeof(word))) {
        return false;
    }
    for (uint32_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
        if (word[i] != UINT32_MAX) {
            return false;
        }
    }
    return true;
}

static void burn(uint32_t address)
{
    static const uint32_t BURNT[IMAGE_MARK_SIZE / sizeof(uint32_t)];
    flash_program(address, BURNT);
}

/* Address of the first open trial mark, 0 if there is none. */
static uint32_t open_trial(uint32_t slot)
{
    const uint32_t first = PLACES[slot].origin + IMAGE_TRIAL_OFFSET;
    for (uint32_t i = 0; i < IMAGE_TRIALS; i++) {
        if (is_open(first + i * IMAGE_MARK_SIZE)) {
            return first + i * IMAGE_MARK_SIZE;
        }
    }
    return 0;
}

static link_slot_state_t state_of_whole(uint32_t slot)
{
    if (BOARD_SLOT_COUNT == 1 || !is_open(PLACES[slot].origin + IMAGE_CONFIRMED_OFFSET)) {
        return LINK_SLOT_CONFIRMED;
    }
    return open_trial(slot) != 0 ? LINK_SLOT_TRIAL : LINK_SLOT_FAILED;
}

void slots_read(uint32_t slot, slot_t *found)
{
    const slot_place_t place = PLACES[slot];
    *found = (slot_t){.state = LINK_SLOT_DAMAGED};
    image_header_t header;
    if (!flash_read(place.origin, &header, sizeof(header))) {
        return;
    }
    switch (image_header_check(&header, place.origin, place.size)) {
    case IMAGE_HEADER_EMPTY:
        found->state = LINK_SLOT_EMPTY;
        return;
    case IMAGE_HEADER_DAMAGED:
        return;
    case IMAGE_HEADER_OTHER_BOARD:
        found->state = LINK_SLOT_OTHER_BOARD;
        return;
    case IMAGE_HEADER_WHOLE:
        break;
    }
    found->header = header;
    found->has_header = true;
    if (image_crc(place.origin + IMAGE_HEADER_SIZE, header.size, &found->crc) && found->crc == header.crc) {
        found->state = state_of_whole(slot);
    }
}

static bool may_start(const slot_t *found)
{
    return found->state == LINK_SLOT_TRIAL || found->state == LINK_SLOT_CONFIRMED;
}

static bool is_confirmed(const slot_t *found)
{
    return found->state == LINK_SLOT_CONFIRMED;
}

/* The slot of the highest sequence among those that are `eligible`. */
static uint32_t latest(const slot_t *found, bool (*eligible)(const slot_t *found))
{
    uint32_t last = SLOT_NONE;
    for (uint32_t slot = 0; slot < BOARD_SLOT_COUNT; slot++) {
        if (eligible(&found[slot]) &&
            (last == SLOT_NONE || found[slot].header.sequence > found[last].header.sequence)) {
            last = slot;
        }
    }
    return last;
}

uint32_t slots_next(slot_t *found)
{
    for (uint32_t slot = 0; slot < BOARD_SLOT_COUNT; slot++) {
        slots_read(slot, &found[slot]);
    }
    return latest(found, may_start);
}

uint32_t slots_kept(const slot_t *found)
{
    const uint32_t confirmed = latest(found, is_confirmed);
    return confirmed != SLOT_NONE ? confirmed : latest(found, may_start);
}

bool slots_burn_trial(uint32_t slot)
{
    const uint32_t mark = open_trial(slot);
    if (mark == 0) {
        return false;
    }
    burn(mark);
    return !is_open(mark);
}

void slots_fail(uint32_t slot)
{
    for (uint32_t i = 0; i < IMAGE_TRIALS; i++) {
        slots_burn_trial(slot);
    }
}

void slots_confirm(uint32_t slot)
{
    const uint32_t mark = PLACES[slot].origin + IMAGE_CONFIRMED_OFFSET;
    if (BOARD_SLOT_COUNT > 1 && is_open(mark)) {
        burn(mark);
    }
}

#else

uint32_t slots_count(void)
{
    return 0;
}

uint32_t slots_find(uint32_t address)
{
    (void)address;
    return SLOT_NONE;
}

void slots_confirm(uint32_t slot)
{
    (void)slot;
}

#endif
