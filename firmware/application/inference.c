/*
 * Runs the network under an observer that closes a layer's account each time the layer pauses, and opens the next when the
 * network resumes: the time between is nobody's.
 */
#include "application/inference.h"

#include <stddef.h>

#include "link/crc32.h"

bool inference_load(inference_t *inference, uint32_t offset, const uint8_t *data, uint32_t size)
{
    const uint32_t loaded = offset == 0 ? 0 : inference->loaded;
    if (offset > loaded || size > edgel3_info.input_size - offset) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        inference->input[offset + i] = (int8_t)data[i];
    }
    inference->loaded = offset + size > loaded ? offset + size : loaded;
    return true;
}

static void pause(void *context, uint32_t layer)
{
    inference_t *const inference = context;
    const uint64_t now = inference->read_counter();
    if (layer < edgel3_info.layer_count) {
        inference->counters[layer] += now - inference->mark;
    }
}

static void show(void *context, uint32_t layer, const int8_t *data, uint32_t size)
{
    inference_t *const inference = context;
    if (layer < edgel3_info.layer_count) {
        inference->checksums[layer] = crc32_update(inference->checksums[layer], (const uint8_t *)data, size);
    }
}

static void resume(void *context)
{
    inference_t *const inference = context;
    inference->between_steps();
    inference->mark = inference->read_counter();
}

int32_t inference_run(inference_t *inference, bool checksums)
{
    inference->has_output = false;
    inference->has_checksums = false;
    for (uint32_t layer = 0; layer < edgel3_info.layer_count; layer++) {
        inference->counters[layer] = 0;
        inference->checksums[layer] = 0;
    }
    const edgel3_observer_t observer = {pause, checksums ? show : NULL, resume, inference};
    edgel3_observe(inference->network, &observer);
    inference->mark = inference->read_counter();
    const int32_t failed_layer = edgel3_run(inference->network, inference->input, inference->output);
    edgel3_observe(inference->network, NULL);
    if (failed_layer == 0) {
        inference->scores = edgel3_scores(inference->network, inference->output);
    }
    inference->has_output = failed_layer == 0;
    inference->has_checksums = failed_layer == 0 && checksums;
    return failed_layer;
}

uint64_t inference_total(const inference_t *inference)
{
    uint64_t total = 0;
    for (uint32_t layer = 0; layer < edgel3_info.layer_count; layer++) {
        total += inference->counters[layer];
    }
    return total;
}
