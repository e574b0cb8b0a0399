/*
 * The chip under firmware that is compiled for the host: its flash, which can lose power at any operation, and the mailbox's
 * RAM.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "board.h"
#include "boot/mailbox.h"
#include "drivers/core.h"
#include "drivers/flash_access.h"
#include "drivers/watchdog.h"

#define ORIGIN 0x08000000u
#define SIZE 45056u
#define SECTOR 4096u
#define UNITS (SIZE / FLASH_UNIT)

mailbox_t __mailbox __attribute__((aligned(8)));

uint8_t host_flash[SIZE];
/* With ECC a unit that was torn, or programmed twice, cannot be read. */
bool host_has_ecc;
uint8_t host_poisoned[UNITS];
/* Operations until the power fails, which tears that operation; 0: it never does. */
uint32_t host_operations_left;
uint32_t host_seed;
bool host_is_off;
/* What must not happen: the loader's own sector changed. */
uint32_t host_loader_changes;

static uint32_t random_bits(void)
{
    host_seed = host_seed * 1664525u + 1013904223u;
    return host_seed >> 8;
}

/* Whether the operation is torn: then the power is off. */
static bool is_torn(void)
{
    if (host_operations_left > 0 && --host_operations_left == 0) {
        host_is_off = true;
    }
    return host_is_off;
}

/* Bits on their way from `before` to `after` that have arrived by chance, often all or none. */
static uint8_t between(uint8_t before, uint8_t after, uint32_t kind)
{
    const uint8_t arrived = kind == 0 ? 0 : kind == 1 ? 0xFF : (uint8_t)random_bits();
    return (uint8_t)((before & ~arrived) | (after & arrived));
}

static void change(uint32_t offset, uint8_t after, bool torn, uint32_t kind)
{
    host_flash[offset] = torn ? between(host_flash[offset], after, kind) : after;
    if (offset < SECTOR) {
        host_loader_changes++;
    }
}

bool flash_read(uint32_t address, void *to, uint32_t size)
{
    const uint32_t offset = address - ORIGIN;
    memcpy(to, host_flash + offset, size);
    for (uint32_t unit = offset / FLASH_UNIT; unit <= (offset + size - 1) / FLASH_UNIT; unit++) {
        if (host_poisoned[unit]) {
            return false;
        }
    }
    return true;
}

bool flash_chip_erase(uint32_t number)
{
    if (host_is_off) {
        return false;
    }
    const bool torn = is_torn();
    for (uint32_t unit = number * (SECTOR / FLASH_UNIT); unit < (number + 1) * (SECTOR / FLASH_UNIT); unit++) {
        const uint32_t kind = random_bits() % 3;
        for (uint32_t i = 0; i < FLASH_UNIT; i++) {
            change(unit * FLASH_UNIT + i, 0xFF, torn, kind);
        }
        host_poisoned[unit] = torn && host_has_ecc ? random_bits() % 3 == 0 : 0;
    }
    return !torn;
}

bool flash_chip_program(uint32_t address, const uint32_t data[FLASH_UNIT / 4u])
{
    if (host_is_off) {
        return false;
    }
    const uint32_t offset = address - ORIGIN;
    bool blank = !host_poisoned[offset / FLASH_UNIT];
    const bool torn = is_torn();
    const uint32_t kind = random_bits() % 3;
    for (uint32_t i = 0; i < FLASH_UNIT; i++) {
        blank = blank && host_flash[offset + i] == 0xFF;
        change(offset + i, host_flash[offset + i] & ((const uint8_t *)data)[i], torn, kind);
    }
    if (host_has_ecc && (!blank || (torn && random_bits() % 2 == 0))) {
        host_poisoned[offset / FLASH_UNIT] = 1;
    }
    return !torn;
}

void core_clean(uintptr_t address, uint32_t size)
{
    (void)address;
    (void)size;
}

void core_invalidate(uintptr_t address, uint32_t size)
{
    (void)address;
    (void)size;
}

void watchdog_feed(void)
{
}

void host_forget(void)
{
    memset(host_flash, 0xFF, sizeof(host_flash));
    memset(host_poisoned, 0, sizeof(host_poisoned));
    memset(&__mailbox, 0xA5, sizeof(__mailbox));
    host_operations_left = 0;
    host_is_off = false;
    host_loader_changes = 0;
}
