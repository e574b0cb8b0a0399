/**
 * @file settings.h
 * @brief What can be changed on a board that runs: declared in edgel3_deploy/link/settings.py, kept by store.h.
 */
#ifndef EDGEL3_SETTINGS_SETTINGS_H
#define EDGEL3_SETTINGS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "settings/table.h"

/** What became of a change. */
typedef enum {
    SETTINGS_CHANGED,
    SETTINGS_UNKNOWN_KEY,
    SETTINGS_OUT_OF_RANGE,
    SETTINGS_NOT_STORED, /**< the flash refused; the old value stands */
} settings_outcome_t;

/** Read what the flash holds; once, before the others. A stored value out of its range counts as none. */
void settings_start(void);

/** Whether there is a setting of that key. */
bool settings_exists(uint32_t key);

/** The value of a setting that exists, its default if none was stored. */
int32_t settings_value(uint32_t key);

/** The default of a setting that exists. */
int32_t settings_default(uint32_t key);

/** Change a setting. */
settings_outcome_t settings_change(uint32_t key, int32_t value);

/** Counts changes: who keeps what follows from settings reads them again when this has grown. */
uint32_t settings_revision(void);

/** Whether changes outlive a reset: the board has flash for them. */
bool settings_are_kept(void);

#endif
