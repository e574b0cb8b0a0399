/**
 * @file store.h
 * @brief Numbers under keys, kept in two sectors of flash: a power cut leaves the old or the new one.
 *
 * Both sectors are arrays of records of one flash word. A record is programmed once: key, sequence, value, CRC. Of the records
 * of a key the one of the highest sequence counts; what cannot be read, or fails its CRC, counts as none. A sector holds the
 * settings if its first record has the key STORE_SECTOR; of two such sectors the higher sequence counts.
 *
 * A value is appended behind the last word that is not blank. When no word is left, the other sector is erased, what counts is
 * copied there together with the new value, and the record STORE_SECTOR is programmed last: until then the full sector counts.
 *
 * Wear: a sector of S bytes is erased once in 2 (S / 32 - STORE_KEYS) writes or more, and a write of a value that is there
 * already is none. With 32 KB these are 1,856 writes, and 18 million for the 10,000 erases that the data sheets of STM32F769
 * and STM32H743 promise. A power cut costs a word, or during the copying an erase.
 */
#ifndef EDGEL3_SETTINGS_STORE_H
#define EDGEL3_SETTINGS_STORE_H

#include <stdbool.h>
#include <stdint.h>

/** Keys are 1 to STORE_KEYS - 1; entry 0 of an array by key is unused. */
#define STORE_KEYS 96u

/** Key of the record that makes a sector count. */
#define STORE_SECTOR 0u

/** What is kept under a key; `value` means nothing unless `is_stored`. */
typedef struct {
    int32_t value;
    bool is_stored;
} store_entry_t;

/** Look through the flash: what it holds by key. Without such a flash, nothing. */
void store_load(store_entry_t entries[STORE_KEYS]);

/**
 * Keep `value` under `key`, which store_load() has preceded.
 *
 * @param entries what is stored; the entry of `key` changes if true is returned
 * @return false if the flash refuses: what was stored before still is. Without such a flash RAM is all that keeps it: true
 */
bool store_write(store_entry_t entries[STORE_KEYS], uint32_t key, int32_t value);

/** Whether values outlive a reset. */
bool store_is_kept(void);

#endif
