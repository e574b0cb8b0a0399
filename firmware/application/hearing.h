/**
 * @file hearing.h
 * @brief From a source's samples to windows and levels: sound path and front end, and when which is due.
 *
 * Time is counted in samples of the source, so that the same samples make the same windows, however they are cut. Whoever
 * feeds samples asks first how many may come: none until what is due was taken.
 */
#ifndef EDGEL3_APPLICATION_HEARING_H
#define EDGEL3_APPLICATION_HEARING_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/microphone.h"
#include "edgel3.h"
#include "sound/sound.h"

enum {
    /** Most samples at once. */
    HEARING_BLOCK = 600,
};

/** Counts are in samples of the source. */
typedef struct {
    edgel3_t *network;     /**< whose front end makes the windows */
    sound_t sound;
    uint32_t factor;       /**< samples of the source for one at the network's rate */
    uint32_t hop;          /**< from one window to the next */
    uint32_t interval;     /**< seconds from one report to the next */
    uint64_t taken;        /**< since the start */
    uint32_t lost;         /**< since the start */
    uint64_t origin;       /**< `taken` when the sound path began */
    uint64_t stream_at;    /**< `taken` when the front end's stream began, or will */
    uint64_t window_at;    /**< `taken` when the next window ends */
    uint64_t last_window;  /**< the same of the last one */
    bool has_last;         /**< there was one since the sound path began */
    bool is_lent;          /**< the front end's memory is the network's now */
    bool gap;              /**< the next window does not follow the last one as it should */
    uint64_t asleep;       /**< samples of the interval under way that passed unheard */
    bool has_report;       /**< an interval is over: `report` waits to be taken */
    sound_levels_t report; /**< of that interval */
} hearing_t;

/** Count from 0; hearing_begin() follows. */
void hearing_start(hearing_t *hearing, edgel3_t *network);

/**
 * Begin with a silent past, at the settings' gain, hop in ms and interval in seconds; counts go on. The microphone's
 * filter is compensated, if it is the source.
 */
void hearing_begin(hearing_t *hearing, bool is_microphone, int32_t gain, uint32_t hop_ms, uint32_t interval);

/** Let windows follow each other in this distance; what is under way counts. */
void hearing_set_hop(hearing_t *hearing, uint32_t hop_ms);

/** Let reports follow each other in this distance, in seconds; what is under way counts. */
void hearing_set_interval(hearing_t *hearing, uint32_t interval);

/** Samples that may come now, at most HEARING_BLOCK; 0 if a window or a report is to be taken first. */
uint32_t hearing_wanted(const hearing_t *hearing);

/** Take samples that were played, no more than are wanted; PCM takes their place. */
void hearing_take_played(hearing_t *hearing, int16_t *samples, uint32_t count);

/** Take samples of the microphone, no more than are wanted; `pcm` has room for as many, and may be where 16 bits are. */
void hearing_take_heard(hearing_t *hearing, const microphone_sample_t *samples, uint32_t count, int16_t *pcm);

/** So many samples are missing before the next one. */
void hearing_lose(hearing_t *hearing, uint32_t count);

/**
 * So many samples passed while nobody heard, but for less than one at the network's rate: time goes on. The next window
 * begins a second behind them, when microphone and sound path have settled.
 */
void hearing_sleep(hearing_t *hearing, uint64_t count);

/** The report was taken. */
void hearing_end_report(hearing_t *hearing);

/** Whether a window is due. */
bool hearing_is_due(const hearing_t *hearing);

/** Make the network's input of the window that is due. Until hearing_go_on() its memory may be the network's. */
void hearing_make_input(hearing_t *hearing, int8_t *input);

/** The network has run. */
void hearing_go_on(hearing_t *hearing);

#endif
