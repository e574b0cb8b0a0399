/*
 * The stream. A window's frames are its samples with zeros around them, so only frames that touch no zeros are those of
 * the next window too: they are computed as soon as their last sample has come, and kept. The others are computed when a
 * window is asked for.
 */
#include "front_end/front_end.h"

#if FRONT_END_STREAMS

#include <string.h>

#include "front_end/frame.h"

/* Samples behind the last inner frame of a window. */
#define REST ((FRONT_END_SAMPLE_RATE + FRONT_END_PADDING - FRONT_END_LENGTH) % FRONT_END_HOP)

/* Copy `count` samples of the ring from place `from` on, where `from` may be one turn too far. */
static void copy_samples(const front_end_t *front_end, uint32_t from, uint32_t count, int16_t *to)
{
    from = from >= FRONT_END_SAMPLE_RATE ? from - FRONT_END_SAMPLE_RATE : from;
    const uint32_t straight = FRONT_END_SAMPLE_RATE - from;
    const uint32_t first = count < straight ? count : straight;
    memcpy(to, front_end->pcm + from, first * sizeof *to);
    memcpy(to + first, front_end->pcm, (count - first) * sizeof *to);
}

static front_end_level_t compute(front_end_t *front_end, const int16_t *samples, front_end_level_t *levels)
{
    front_end_spectrum(samples, front_end->points);
    front_end_power(front_end->points);
    return front_end_bands(front_end->points, levels);
}

/* The inner frame that ends with the newest sample. */
static void add_inner(front_end_t *front_end)
{
    const uint32_t end = front_end->next;
    const int16_t *samples = front_end->frame;
    if (end >= FRONT_END_LENGTH) {
        samples = front_end->pcm + end - FRONT_END_LENGTH;
    } else {
        copy_samples(front_end, end + FRONT_END_SAMPLE_RATE - FRONT_END_LENGTH, FRONT_END_LENGTH, front_end->frame);
    }
    const uint32_t slot = front_end->slot;
    front_end->inner_top[slot] = compute(front_end, samples, front_end->inner[slot]);
    front_end->slot = slot + 1 < FRONT_END_INNER ? slot + 1 : 0;
}

/* Which frame of its window an edge is. */
static uint32_t frame_of_edge(uint32_t edge)
{
    return edge < FRONT_END_LEAD ? edge : edge + FRONT_END_INNER;
}

/* A frame that touches the padding. */
static front_end_level_t compute_edge(front_end_t *front_end, uint32_t edge)
{
    const uint32_t begin = frame_of_edge(edge) * FRONT_END_HOP;
    int16_t *const frame = front_end->frame;
    if (edge < FRONT_END_LEAD) {
        const uint32_t zeros = FRONT_END_PADDING - begin;
        memset(frame, 0, zeros * sizeof *frame);
        copy_samples(front_end, front_end->next, FRONT_END_LENGTH - zeros, frame + zeros);
    } else {
        const uint32_t first = begin - FRONT_END_PADDING;
        const uint32_t count = FRONT_END_SAMPLE_RATE - first;
        copy_samples(front_end, front_end->next + first, count, frame);
        memset(frame + count, 0, (FRONT_END_LENGTH - count) * sizeof *frame);
    }
    return compute(front_end, frame, front_end->edges[edge]);
}

void front_end_start(front_end_t *front_end)
{
    front_end->slot = 0;
    front_end->next = 0;
    front_end->held = 0;
    front_end->due = FRONT_END_LEAD * FRONT_END_HOP - FRONT_END_PADDING + FRONT_END_LENGTH;
}

void front_end_push(front_end_t *front_end, const int16_t *samples, uint32_t count)
{
    while (count > 0) {
        const uint32_t straight = FRONT_END_SAMPLE_RATE - front_end->next;
        uint32_t taken = count < front_end->due ? count : front_end->due;
        taken = taken < straight ? taken : straight;
        memcpy(front_end->pcm + front_end->next, samples, taken * sizeof *samples);
        samples += taken;
        count -= taken;
        front_end->due -= taken;
        front_end->next = taken < straight ? front_end->next + taken : 0;
        const uint32_t missing = FRONT_END_SAMPLE_RATE - front_end->held;
        front_end->held += taken < missing ? taken : missing;
        if (front_end->due == 0) {
            add_inner(front_end);
            front_end->due = FRONT_END_HOP;
        }
    }
}

bool front_end_ready(const front_end_t *front_end)
{
    return front_end->held == FRONT_END_SAMPLE_RATE && front_end->due == FRONT_END_HOP - REST;
}

void front_end_window(front_end_t *front_end, int8_t *input)
{
    front_end_level_t top = front_end->inner_top[0];
    for (uint32_t frame = 1; frame < FRONT_END_INNER; frame++) {
        top = front_end->inner_top[frame] > top ? front_end->inner_top[frame] : top;
    }
    for (uint32_t edge = 0; edge < FRONT_END_EDGES; edge++) {
        const front_end_level_t greatest = compute_edge(front_end, edge);
        top = greatest > top ? greatest : top;
    }
    for (uint32_t edge = 0; edge < FRONT_END_EDGES; edge++) {
        front_end_quantize(front_end->edges[edge], top, input + frame_of_edge(edge));
    }
    uint32_t slot = front_end->slot;
    for (uint32_t frame = 0; frame < FRONT_END_INNER; frame++) {
        front_end_quantize(front_end->inner[slot], top, input + FRONT_END_LEAD + frame);
        slot = slot + 1 < FRONT_END_INNER ? slot + 1 : 0;
    }
}

#endif
