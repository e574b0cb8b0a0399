/* The host may send each window as a stream of its own, or go on with the samples that the next one adds. */
#include "application/audio.h"

#include "edgel3.h"

#if EDGEL3_FRONT_END

#include "link/bytes.h"
#include "link/protocol.h"

_Static_assert(EDGEL3_BANDS * EDGEL3_FRAMES == EDGEL3_INPUT_SIZE, "the front end makes the input");

bool audio_is_supported(void)
{
    return true;
}

static bool may_end_window(uint32_t end)
{
    if (!EDGEL3_STREAMS) {
        return end == EDGEL3_SAMPLE_RATE;
    }
    return end >= EDGEL3_SAMPLE_RATE && (end - EDGEL3_SAMPLE_RATE) % EDGEL3_HOP == 0;
}

/* Samples that a stream takes. */
static bool is_in_stream(uint32_t end)
{
    return EDGEL3_STREAMS || end <= EDGEL3_SAMPLE_RATE;
}

bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples,
                bool window)
{
    static int16_t block[LINK_MAX_CHUNK / 2];
    const uint32_t end = offset + samples;
    if (end < offset || !is_in_stream(end) || (window && !may_end_window(end))) {
        return false;
    }
    if (offset > 0 && end == audio->loaded && window == audio->has_window) {
        return true;
    }
    if (offset == 0) {
        edgel3_begin(inference->network);
        *audio = (audio_t){.loaded = 0};
    }
    if (offset != audio->loaded) {
        return false;
    }
    if (audio->has_window) {
        audio->counter = 0;
    }
    for (uint32_t i = 0; i < samples; i++) {
        block[i] = (int16_t)get_u16(data + 2 * i);
    }
    const uint64_t before = inference->read_counter();
    edgel3_push(inference->network, block, samples);
    audio->loaded = end;
    audio->has_window = window;
    if (window) {
        edgel3_window(inference->network, inference->input);
    }
    inference->loaded = window ? EDGEL3_INPUT_SIZE : 0;
    audio->counter += inference->read_counter() - before;
    return true;
}

void audio_end(audio_t *audio)
{
    if (!EDGEL3_STREAMS) {
        *audio = (audio_t){.loaded = 0};
    }
}

#else

bool audio_is_supported(void)
{
    return false;
}

bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples,
                bool window)
{
    (void)audio;
    (void)inference;
    (void)offset;
    (void)data;
    (void)samples;
    (void)window;
    return false;
}

void audio_end(audio_t *audio)
{
    (void)audio;
}

#endif
