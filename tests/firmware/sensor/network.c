/*
 * A stand-in for the generated network and its head: the output shows which input it saw, the scores which output. Its memory
 * is the front end's where that does not stream.
 */
#include "edgel3.h"

#include <stddef.h>
#include <string.h>

#include "build_id.h"
#include "front_end/front_end.h"

enum { PAUSES = 40 };

/* How many runs will fail. */
uint32_t harness_failures;

static front_end_t front_end;

static int8_t arena[EDGEL3_INPUT_SIZE];

static const edgel3_layer_info_t LAYERS[EDGEL3_LAYER_COUNT] = {
    {.name = "invert", .macs = 0, .output_size = EDGEL3_INPUT_SIZE},
    {.name = "crop", .macs = 0, .output_size = EDGEL3_OUTPUT_SIZE},
};

static const char *const LABELS[EDGEL3_LABEL_COUNT];

const edgel3_info_t edgel3_info = {
    .model_name = "fake",
    .runtime = "native",
    .input_size = EDGEL3_INPUT_SIZE,
    .output_size = EDGEL3_OUTPUT_SIZE,
    .arena_size = sizeof(arena),
    .layer_count = EDGEL3_LAYER_COUNT,
    .layers = LAYERS,
    .labels_sha256 = {7, 8, 9},
    .label_count = EDGEL3_LABEL_COUNT,
    .labels = LABELS,
};

const uint8_t edgel3_build_id[32] = {4, 5, 6};

/* The embedding's first elements, the other way round. */
const int8_t *edgel3_scores(edgel3_t *network, const int8_t *embedding)
{
    (void)network;
    static int8_t scores[EDGEL3_LABEL_COUNT];
    for (uint32_t i = 0; i < EDGEL3_LABEL_COUNT; i++) {
        scores[i] = embedding[EDGEL3_LABEL_COUNT - 1 - i];
    }
    return scores;
}

void edgel3_observe(edgel3_t *network, const edgel3_observer_t *observer)
{
    network->observer = observer;
}

void edgel3_start(edgel3_t *network)
{
    network->observer = NULL;
    edgel3_begin(network);
}

void edgel3_begin(edgel3_t *network)
{
    (void)network;
    front_end_start(&front_end);
}

void edgel3_push(edgel3_t *network, const int16_t *samples, uint32_t count)
{
    (void)network;
    front_end_push(&front_end, samples, count);
}

bool edgel3_ready(const edgel3_t *network)
{
    (void)network;
    return front_end_ready(&front_end);
}

void edgel3_window(edgel3_t *network, int8_t *input)
{
    (void)network;
    front_end_window(&front_end, input);
}

static void pause(const edgel3_t *network, uint32_t layer)
{
    const edgel3_observer_t *const observer = network->observer;
    if (observer != NULL) {
        observer->pause(observer->context, layer);
        observer->resume(observer->context);
    }
}

int32_t edgel3_run(edgel3_t *network, const int8_t *input, int8_t *output)
{
    if (harness_failures > 0) {
        harness_failures--;
        return 2;
    }
    if (!FRONT_END_STREAMS) {
        memset(&front_end, 0x5A, sizeof(front_end));
    }
    for (uint32_t i = 0; i < EDGEL3_INPUT_SIZE; i++) {
        arena[i] = (int8_t)(input[i] ^ 0x55);
        if (i % (EDGEL3_INPUT_SIZE / PAUSES) == 0) {
            pause(network, 0);
        }
    }
    for (uint32_t i = 0; i < EDGEL3_OUTPUT_SIZE; i++) {
        output[i] = arena[i];
    }
    pause(network, 1);
    return 0;
}
