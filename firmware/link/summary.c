/* Bounds: the fields and all labels fill SUMMARY_MAX_SIZE bytes, so the writer never passes the end. */
#include "link/summary.h"

/* How a value becomes a number of `bits` bits: (value - low) / step, at most `most`. */
typedef struct {
    uint32_t bits;
    int32_t low;
    int32_t step;
    uint32_t most;
} field_t;

typedef struct {
    uint8_t *payload;
    uint32_t bits; /**< written so far */
} writer_t;

static const field_t FIELDS[SUMMARY_FIELD_COUNT] = SUMMARY_FIELDS;

static void put(writer_t *writer, uint32_t number, uint32_t bits)
{
    for (uint32_t i = 0; i < bits; i++) {
        const uint32_t bit = (number >> i) & 1u;
        const uint32_t place = writer->bits % 8u;
        uint8_t *const byte = &writer->payload[writer->bits / 8u];
        *byte = (uint8_t)((place == 0 ? 0u : *byte) | (bit << place));
        writer->bits++;
    }
}

/*
 * Held within the range before any arithmetic, so that nothing overflows. The number behind the largest has all bits set where
 * a field may be absent, and none where it may not.
 */
static uint32_t number_of(const field_t *field, int64_t value)
{
    if (value == SUMMARY_ABSENT) {
        return field->most + 1u;
    }
    const int64_t high = field->low + (int64_t)field->most * field->step;
    if (value <= field->low) {
        return 0;
    }
    if (value >= high) {
        return field->most;
    }
    return (uint32_t)((value - field->low + field->step / 2) / field->step);
}

uint32_t summary_encode(const summary_t *summary, uint8_t payload[SUMMARY_MAX_SIZE])
{
    writer_t writer = {payload, 0};
    put(&writer, SUMMARY_LAYOUT, SUMMARY_LAYOUT_BITS);
    for (uint32_t i = 0; i < SUMMARY_FIELD_COUNT; i++) {
        put(&writer, number_of(&FIELDS[i], summary->values[i]), FIELDS[i].bits);
    }
    const uint32_t labels = summary->label_count < SUMMARY_MAX_LABELS ? summary->label_count : SUMMARY_MAX_LABELS;
    put(&writer, labels, SUMMARY_LABEL_COUNT_BITS);
    for (uint32_t i = 0; i < labels; i++) {
        put(&writer, summary->shares[i] < 100u ? summary->shares[i] : 100u, SUMMARY_SHARE_BITS);
    }
    return (writer.bits + 7u) / 8u;
}
