/* What the flash says is believed only after reading it back; a word that does not take is left behind. */
#include "settings/store.h"

#include "board.h"
#include "drivers/flash.h"
#include "drivers/watchdog.h"
#include "link/crc32.h"

#ifdef BOARD_SETTINGS

#define MAGIC 0x53334C45u /* the letters EL3S */
#define NO_PLACE UINT32_MAX

typedef struct {
    uint32_t magic;
    uint32_t key;
    uint32_t sequence;
    int32_t value;
    uint32_t reserved[3];
    uint32_t crc; /**< CRC-32 of the bytes before */
} record_t;

_Static_assert(sizeof(record_t) == FLASH_UNIT, "a record is one flash word");

typedef union {
    record_t record;
    uint32_t words[FLASH_UNIT / 4u];
} unit_t;

typedef enum { UNIT_BLANK, UNIT_RECORD, UNIT_OTHER } unit_state_t;

static const flash_sector_t PLACE = BOARD_SETTINGS;

/* The sector that counts, none if its size is 0; where the next record goes; the highest sequence seen. */
static flash_sector_t active;
static uint32_t next;
static uint32_t last_sequence;

static flash_sector_t sector_at(uint32_t address)
{
    uint32_t number;
    flash_sector_t sector = {0, 0};
    flash_find_sector(address, &number, &sector);
    return sector;
}

static flash_sector_t first_sector(void)
{
    return sector_at(PLACE.origin);
}

static flash_sector_t second_sector(void)
{
    return sector_at(PLACE.origin + PLACE.size - 1u);
}

static uint32_t crc_of(const record_t *record)
{
    return crc32_update(0, (const uint8_t *)record, sizeof(*record) - sizeof(record->crc));
}

/* What stands at `address`; `record` is set if it is a whole one of the store's keys. */
static unit_state_t look(uint32_t address, record_t *record)
{
    unit_t unit;
    if (!flash_read(address, unit.words, sizeof(unit))) {
        return UNIT_OTHER;
    }
    *record = unit.record;
    if (record->magic == MAGIC && record->key < STORE_KEYS && record->crc == crc_of(record)) {
        return UNIT_RECORD;
    }
    for (uint32_t i = 0; i < FLASH_UNIT / 4u; i++) {
        if (unit.words[i] != UINT32_MAX) {
            return UNIT_OTHER;
        }
    }
    return UNIT_BLANK;
}

/* Program a record where it is blank; false if it is not, or the record does not read back whole. */
static bool place_record(uint32_t address, uint32_t key, uint32_t sequence, int32_t value)
{
    unit_t unit = {.record = {.magic = MAGIC, .key = key, .sequence = sequence, .value = value}};
    unit.record.crc = crc_of(&unit.record);
    record_t there;
    return look(address, &there) == UNIT_BLANK && flash_program_settings(address, unit.words) &&
           look(address, &there) == UNIT_RECORD && there.crc == unit.record.crc;
}

/* Program a record at the first word from `from` on that takes it. Returns the address behind it, NO_PLACE if none does. */
static uint32_t append(uint32_t from, flash_sector_t sector, uint32_t key, uint32_t sequence, int32_t value)
{
    for (uint32_t at = from; at < sector.origin + sector.size; at += FLASH_UNIT) {
        if (place_record(at, key, sequence, value)) {
            return at + FLASH_UNIT;
        }
    }
    return NO_PLACE;
}

/* Erase `sector` and make it the one that counts, with what `entries` holds. Until its first record is whole, it does not. */
static bool move_to(flash_sector_t sector, const store_entry_t entries[STORE_KEYS])
{
    if (!flash_erase_settings(sector.origin)) {
        return false;
    }
    uint32_t at = sector.origin + FLASH_UNIT;
    uint32_t sequence = last_sequence;
    for (uint32_t key = 1; key < STORE_KEYS; key++) {
        if (entries[key].is_stored) {
            at = append(at, sector, key, ++sequence, entries[key].value);
            if (at == NO_PLACE) {
                return false;
            }
        }
    }
    if (!place_record(sector.origin, STORE_SECTOR, ++sequence, 0)) {
        return false;
    }
    active = sector;
    next = at;
    last_sequence = sequence;
    return true;
}

/* Take what `sector` holds, and note where its last word that is not blank is. */
static void load_sector(flash_sector_t sector, store_entry_t entries[STORE_KEYS])
{
    uint32_t sequences[STORE_KEYS] = {0};
    next = sector.origin;
    for (uint32_t at = sector.origin; at < sector.origin + sector.size; at += FLASH_UNIT) {
        record_t record;
        const unit_state_t state = look(at, &record);
        if (state == UNIT_RECORD) {
            if (record.sequence > sequences[record.key]) {
                sequences[record.key] = record.sequence;
                entries[record.key] = (store_entry_t){record.value, true};
            }
            last_sequence = record.sequence > last_sequence ? record.sequence : last_sequence;
        }
        if (state != UNIT_BLANK) {
            next = at + FLASH_UNIT;
        }
        watchdog_feed();
    }
}

/* The sequence that makes a sector count, 0 if it does not. */
static uint32_t rank(flash_sector_t sector)
{
    record_t record;
    const bool counts = look(sector.origin, &record) == UNIT_RECORD && record.key == STORE_SECTOR;
    return counts ? record.sequence : 0;
}

void store_load(store_entry_t entries[STORE_KEYS])
{
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        entries[key] = (store_entry_t){0, false};
    }
    const uint32_t first = rank(first_sector());
    const uint32_t second = rank(second_sector());
    last_sequence = 0;
    if (first == 0 && second == 0) {
        active = (flash_sector_t){0, 0};
        return;
    }
    active = first > second ? first_sector() : second_sector();
    load_sector(active, entries);
}

bool store_write(store_entry_t entries[STORE_KEYS], uint32_t key, int32_t value)
{
    const store_entry_t before = entries[key];
    if (before.is_stored && before.value == value) {
        return true;
    }
    const uint32_t behind = append(next, active, key, last_sequence + 1u, value);
    if (behind != NO_PLACE) {
        next = behind;
        last_sequence++;
        entries[key] = (store_entry_t){value, true};
        return true;
    }
    next = active.origin + active.size;
    entries[key] = (store_entry_t){value, true};
    const flash_sector_t other = active.origin == first_sector().origin ? second_sector() : first_sector();
    if (move_to(other, entries)) {
        return true;
    }
    entries[key] = before;
    return false;
}

bool store_is_kept(void)
{
    return true;
}

#else

void store_load(store_entry_t entries[STORE_KEYS])
{
    for (uint32_t key = 0; key < STORE_KEYS; key++) {
        entries[key] = (store_entry_t){0, false};
    }
}

bool store_write(store_entry_t entries[STORE_KEYS], uint32_t key, int32_t value)
{
    entries[key] = (store_entry_t){value, true};
    return true;
}

bool store_is_kept(void)
{
    return false;
}

#endif
