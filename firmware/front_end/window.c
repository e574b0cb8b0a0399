/*
 * A window by itself, for memory that the network takes back: with its zeros in front and behind, the window is one run of
 * samples, and all its frames are computed in turn. No second of samples is kept.
 */
#include "front_end/front_end.h"

#if !FRONT_END_STREAMS

#include <stddef.h>
#include <string.h>

#include "front_end/frame.h"

_Static_assert((FRONT_END_FRAMES - 1) * FRONT_END_HOP + FRONT_END_LENGTH == FRONT_END_SAMPLE_RATE + 2 * FRONT_END_PADDING,
               "the frames end with the padding");

/* The frame that has just become complete. */
static void add_frame(front_end_t *front_end)
{
    int16_t *const pcm = front_end->pcm;
    front_end_frame_levels_t *const levels = &front_end->levels[front_end->frames];
    front_end_spectrum(pcm + front_end->begin, front_end->points);
    front_end_power(front_end->points);
    const front_end_level_t greatest = front_end_bands(front_end->points, *levels);
    front_end->top = front_end->frames == 0 || greatest > front_end->top ? greatest : front_end->top;
    front_end->frames++;
    front_end->begin += FRONT_END_HOP;
    if (front_end->begin > FRONT_END_LENGTH) {
        front_end->end -= front_end->begin;
        memmove(pcm, pcm + front_end->begin, front_end->end * sizeof *pcm);
        front_end->begin = 0;
    }
}

/* Samples, or zeros for NULL. */
static void append(front_end_t *front_end, const int16_t *samples, uint32_t count)
{
    while (count > 0) {
        const uint32_t room = front_end->begin + FRONT_END_LENGTH - front_end->end;
        const uint32_t taken = count < room ? count : room;
        int16_t *const to = front_end->pcm + front_end->end;
        if (samples == NULL) {
            memset(to, 0, taken * sizeof *to);
        } else {
            memcpy(to, samples, taken * sizeof *to);
            samples += taken;
        }
        count -= taken;
        front_end->end += taken;
        if (taken == room) {
            add_frame(front_end);
        }
    }
}

void front_end_start(front_end_t *front_end)
{
    front_end->missing = FRONT_END_SAMPLE_RATE;
    front_end->begin = 0;
    front_end->end = 0;
    front_end->frames = 0;
    append(front_end, NULL, FRONT_END_PADDING);
}

void front_end_push(front_end_t *front_end, const int16_t *samples, uint32_t count)
{
    const uint32_t taken = count < front_end->missing ? count : front_end->missing;
    front_end->missing -= taken;
    append(front_end, samples, taken);
}

bool front_end_ready(const front_end_t *front_end)
{
    return front_end->missing == 0;
}

void front_end_window(front_end_t *front_end, int8_t *input)
{
    if (front_end->frames < FRONT_END_FRAMES) {
        append(front_end, NULL, FRONT_END_PADDING);
    }
    for (uint32_t frame = 0; frame < FRONT_END_FRAMES; frame++) {
        front_end_quantize(front_end->levels[frame], front_end->top, input + frame);
    }
}

#endif
