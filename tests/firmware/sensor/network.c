/*
 * A stand-in for the generated network and its head: the output shows which input it saw, the scores which output. Its memory
 * is the front end's where that does not stream.
 */
#include "network.h"

#include <stddef.h>
#include <string.h>

#include "edgel3_front_end.h"
#include "edgel3_head.h"
#include "edgel3_net.h"

enum { PAUSES = 40 };

/* How many runs will fail. */
uint32_t harness_failures;

static front_end_t front_end;
front_end_t *const edgel3_front_end = &front_end;

static const edgel3_net_observer_t *observer;
static int8_t arena[EDGEL3_NET_INPUT_SIZE];

static const edgel3_layer_info_t LAYERS[EDGEL3_NET_LAYER_COUNT] = {
    {.name = "invert", .macs = 0, .output_size = EDGEL3_NET_INPUT_SIZE},
    {.name = "crop", .macs = 0, .output_size = EDGEL3_NET_OUTPUT_SIZE},
};

const edgel3_net_info_t edgel3_net_info = {
    .model_name = "fake",
    .runtime = "native",
    .input_size = EDGEL3_NET_INPUT_SIZE,
    .output_size = EDGEL3_NET_OUTPUT_SIZE,
    .arena_size = sizeof(arena),
    .layer_count = EDGEL3_NET_LAYER_COUNT,
    .layers = LAYERS,
};

const uint8_t edgel3_build_id[32] = {4, 5, 6};

static const char *const LABELS[TEST_LABELS];

const edgel3_head_info_t edgel3_head_info = {.sha256 = {7, 8, 9}, .label_count = TEST_LABELS, .labels = LABELS};

/* The embedding's first elements, the other way round. */
const int8_t *edgel3_head_run(const int8_t *embedding)
{
    static int8_t scores[TEST_LABELS];
    for (uint32_t i = 0; i < TEST_LABELS; i++) {
        scores[i] = embedding[TEST_LABELS - 1 - i];
    }
    return scores;
}

void edgel3_net_observe(const edgel3_net_observer_t *new_observer)
{
    observer = new_observer;
}

void edgel3_net_start(void)
{
}

static void pause(uint32_t layer)
{
    if (observer != NULL) {
        observer->pause(observer->context, layer);
        observer->resume(observer->context);
    }
}

int32_t edgel3_net_run(const int8_t *input, int8_t *output)
{
    if (harness_failures > 0) {
        harness_failures--;
        return 2;
    }
    if (!FRONT_END_STREAMS) {
        memset(&front_end, 0x5A, sizeof(front_end));
    }
    for (uint32_t i = 0; i < EDGEL3_NET_INPUT_SIZE; i++) {
        arena[i] = (int8_t)(input[i] ^ 0x55);
        if (i % (EDGEL3_NET_INPUT_SIZE / PAUSES) == 0) {
            pause(0);
        }
    }
    for (uint32_t i = 0; i < EDGEL3_NET_OUTPUT_SIZE; i++) {
        output[i] = arena[i];
    }
    pause(1);
    return 0;
}
