/* Layout: a ring of RECORDS_HELD records by their sequence. */
#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "application/records.h"
#include "link/bytes.h"

_Static_assert((RECORDS_HELD & (RECORDS_HELD - 1)) == 0, "places follow from sequences that go round");

static uint8_t held[RECORDS_HELD][RECORDS_SIZE];
static uint32_t next;

static uint8_t *place(uint32_t sequence)
{
    return held[sequence % RECORDS_HELD];
}

static void put_levels(uint8_t *to, const sound_levels_t *levels)
{
    put_u32(to + RECORD_CLIPPED, levels->clipped);
    put_u16(to + RECORD_LAEQ, (uint16_t)levels->laeq);
    put_u16(to + RECORD_LAFMAX, (uint16_t)levels->lafmax);
    put_u16(to + RECORD_L10, (uint16_t)levels->l10);
    put_u16(to + RECORD_L50, (uint16_t)levels->l50);
    put_u16(to + RECORD_L90, (uint16_t)levels->l90);
}

/* Scores, smoothed scores, and which labels are present, bit by bit. */
static uint8_t *put_labels(uint8_t *to, const record_t *record)
{
    const uint32_t labels = EDGEL3_LABEL_COUNT;
    uint8_t *const smoothed = put_bytes(to, (const uint8_t *)record->scores, labels);
    uint8_t *const present = smoothed + labels;
    uint8_t *const end = present + (labels + 7u) / 8u;
    for (uint8_t *byte = present; byte < end; byte++) {
        *byte = 0;
    }
    for (uint32_t i = 0; i < labels; i++) {
        smoothed[i] = (uint8_t)(record->state->smoothed[i] >> 8);
        present[i / 8u] = (uint8_t)(present[i / 8u] | (record->state->present[i] ? 1u << i % 8u : 0u));
    }
    return end;
}

void records_start(void)
{
    next = 0;
}

void records_add(const record_t *record)
{
    uint8_t *const to = place(next);
    put_u32(to + RECORD_SEQUENCE, next);
    put_u64(to + RECORD_END, record->end);
    put_u32(to + RECORD_LOST, record->lost);
    put_u64(to + RECORD_BUSY, record->busy);
    to[RECORD_FLAGS] = record->flags;
    put_levels(to, &record->levels);
    uint8_t *at = put_labels(to + RECORD_FIXED_SIZE, record);
    at = put_bytes(at, (const uint8_t *)record->bands, EDGEL3_BANDS);
    put_bytes(at, (const uint8_t *)record->embedding, EDGEL3_OUTPUT_SIZE);
    next++;
}

uint32_t records_next(void)
{
    return next;
}

uint32_t records_oldest(void)
{
    return next > RECORDS_HELD ? next - RECORDS_HELD : 0;
}

const uint8_t *records_find(uint32_t sequence)
{
    return place(sequence);
}

#endif
