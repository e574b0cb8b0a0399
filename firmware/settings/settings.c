/* The declaration's ranges over the store, whose content stays in RAM: reading costs no flash access. */
#include "settings/settings.h"

#include <stddef.h>

#include "settings/store.h"

/* Settings of consecutive keys that share one declaration. */
typedef struct {
    uint32_t key;
    uint32_t count;
    int32_t initial;
    int32_t low;
    int32_t high;
} setting_t;

static const setting_t TABLE[] = SETTINGS_TABLE;
_Static_assert(SETTINGS_LAST_KEY < STORE_KEYS, "the store has room for every key");

static store_entry_t entries[STORE_KEYS];
static uint32_t revision;

static const setting_t *find(uint32_t key)
{
    for (uint32_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
        if (key - TABLE[i].key < TABLE[i].count) {
            return &TABLE[i];
        }
    }
    return NULL;
}

static bool is_in_range(const setting_t *setting, int32_t value)
{
    return setting->low <= value && value <= setting->high;
}

void settings_start(void)
{
    store_load(entries);
}

bool settings_exists(uint32_t key)
{
    return find(key) != NULL;
}

int32_t settings_value(uint32_t key)
{
    const setting_t *const setting = find(key);
    if (setting == NULL) {
        return 0;
    }
    const store_entry_t entry = entries[key];
    return entry.is_stored && is_in_range(setting, entry.value) ? entry.value : setting->initial;
}

int32_t settings_default(uint32_t key)
{
    const setting_t *const setting = find(key);
    return setting == NULL ? 0 : setting->initial;
}

settings_outcome_t settings_change(uint32_t key, int32_t value)
{
    const setting_t *const setting = find(key);
    if (setting == NULL) {
        return SETTINGS_UNKNOWN_KEY;
    }
    if (!is_in_range(setting, value)) {
        return SETTINGS_OUT_OF_RANGE;
    }
    if (!store_write(entries, key, value)) {
        return SETTINGS_NOT_STORED;
    }
    revision++;
    return SETTINGS_CHANGED;
}

uint32_t settings_revision(void)
{
    return revision;
}

bool settings_are_kept(void)
{
    return store_is_kept();
}
