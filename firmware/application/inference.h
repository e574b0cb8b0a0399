/**
 * @file inference.h
 * @brief The network's tensors and one run of it with timing and checksums per layer.
 */
#ifndef EDGEL3_APPLICATION_INFERENCE_H
#define EDGEL3_APPLICATION_INFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "edgel3.h"

/** Buffers, sized by edgel3_info, and what is in them. The caller sets the members up to between_steps, the rest zero. */
typedef struct {
    edgel3_t *network;
    int8_t *input;
    int8_t *output;
    uint64_t *counters;             /**< one per layer */
    uint32_t *checksums;            /**< one per layer */
    uint64_t (*read_counter)(void); /**< monotonic, in the image's counter unit */
    void (*between_steps)(void);    /**< called whenever a layer pauses, and not counted */
    uint32_t loaded;                /**< bytes of input so far */
    const int8_t *scores;           /**< of the labels, NULL without a head */
    bool has_output;                /**< output, scores and counters are those of a finished run */
    bool has_checksums;             /**< so are checksums */
    uint64_t mark; /**< counter at which the current layer's time began to count */
} inference_t;

/**
 * Store a chunk of the input. Offset 0 begins a new tensor; a chunk continues the previous one or repeats what is loaded.
 *
 * @return false if the chunk leaves a gap or exceeds the tensor: nothing is stored
 */
bool inference_load(inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t size);

/**
 * Run the network on the loaded input. Counters exclude the time of the checksums.
 *
 * @return 0, or the 1-based index of the layer that failed
 */
int32_t inference_run(inference_t *inference, bool checksums);

/** Sum of the last run's counters. */
uint64_t inference_total(const inference_t *inference);

#endif
