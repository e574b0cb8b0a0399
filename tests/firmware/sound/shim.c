/* What the tests ask of a sound_t without knowing where its members lie. */
#include <stddef.h>

#include "sound/sound.h"

size_t shim_size(void);
uint32_t shim_finished(const sound_t *sound);
void shim_last(const sound_t *sound, sound_levels_t *levels);
void shim_report(sound_t *sound, sound_levels_t *levels);

size_t shim_size(void)
{
    return sizeof(sound_t);
}

uint32_t shim_finished(const sound_t *sound)
{
    return sound->level.finished;
}

void shim_last(const sound_t *sound, sound_levels_t *levels)
{
    *levels = sound->level.last;
}

void shim_report(sound_t *sound, sound_levels_t *levels)
{
    *levels = sound_report(sound);
}
