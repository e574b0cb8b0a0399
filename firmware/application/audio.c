/* The front end's stream starts anew with each window, so a window that comes over the link depends on no other. */
#include "application/audio.h"

#include "network.h"

#if EDGEL3_NET_FRONT_END

#include "front_end/front_end.h"
#include "link/bytes.h"
#include "link/protocol.h"

_Static_assert(FRONT_END_BANDS * FRONT_END_FRAMES == EDGEL3_NET_INPUT_SIZE, "the front end makes the input");

static front_end_t front_end;
static front_end_frame_levels_t levels[FRONT_END_INNER];

bool audio_is_supported(void)
{
    return true;
}

bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples)
{
    static int16_t block[LINK_MAX_CHUNK / 2];
    if (offset > FRONT_END_SAMPLE_RATE || samples > FRONT_END_SAMPLE_RATE - offset) {
        return false;
    }
    if (offset > 0 && offset + samples == audio->loaded) {
        return true;
    }
    if (offset == 0) {
        front_end_start(&front_end, levels);
        *audio = (audio_t){0, 0};
        inference->loaded = 0;
    }
    if (offset != audio->loaded) {
        return false;
    }
    for (uint32_t i = 0; i < samples; i++) {
        block[i] = (int16_t)get_u16(data + 2 * i);
    }
    const uint64_t before = inference->read_counter();
    front_end_push(&front_end, block, samples);
    audio->loaded += samples;
    if (audio->loaded == FRONT_END_SAMPLE_RATE) {
        front_end_window(&front_end, inference->input);
        inference->loaded = EDGEL3_NET_INPUT_SIZE;
    }
    audio->counter += inference->read_counter() - before;
    return true;
}

#else

bool audio_is_supported(void)
{
    return false;
}

bool audio_load(audio_t *audio, inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t samples)
{
    (void)audio;
    (void)inference;
    (void)offset;
    (void)data;
    (void)samples;
    return false;
}

#endif
