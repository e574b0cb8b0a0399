/*
 * A stand-in for the generated network: quick, with an output that shows which input it saw, and with commands in its first
 * element that misbehave in the ways a real one might.
 */
#include "edgel3.h"

#include <stdbool.h>
#include <stddef.h>

#include "build_id.h"

enum {
    COMMAND_BAD_ADDRESS = 101,
    COMMAND_STACK_OVERFLOW = 102,
    COMMAND_FAIL = 103,
    COMMAND_DEEP_STACK = 104,
    COMMAND_NULL_WRITE = 105,
    COMMAND_NULL_READ = 106,
    COMMAND_DIVIDE_BY_ZERO = 107,
    COMMAND_ENDLESS_LOOP = 108,
    COMMAND_CREEPING_STACK = 109,
    COMMAND_READ_NOWHERE = 110,
    COMMAND_WRITE_NOWHERE = 111,
    COMMAND_CALL_NULL = 112,
    COMMAND_JUMP_WITHOUT_THUMB = 113,
    COMMAND_EXECUTE_PERIPHERAL = 114,
    COMMAND_UNDEFINED = 115,
    COMMAND_BREAKPOINT = 116,
    COMMAND_SUPERVISOR_CALL = 117,
    COMMAND_UNALIGNED_DOUBLE = 118,
    COMMAND_UNALIGNED_MULTIPLE = 119,
    COMMAND_UNALIGNED_WORD = 120,
    COMMAND_UNALIGNED_HALF = 121,
    COMMAND_LONG_RUN = 122,
};

#define NO_MEMORY_HERE 0xA0000000u
/* Turns of a loop that take the virtual board more than a second. */
#define LONG_RUN 60000000u

static int8_t arena_dtcm[EDGEL3_INPUT_SIZE] __attribute__((section(".arena_dtcm"), aligned(16)));
static bool started;

static const edgel3_layer_info_t LAYERS[EDGEL3_LAYER_COUNT] = {
    {.name = "copy", .macs = 0, .output_size = EDGEL3_INPUT_SIZE},
    {.name = "invert", .macs = 0, .output_size = EDGEL3_INPUT_SIZE},
    {.name = "crop", .macs = 0, .output_size = EDGEL3_OUTPUT_SIZE},
};

static const char *const LABELS[] = {"first", "second"};

const edgel3_info_t edgel3_info = {
    .model_name = "fake",
    .runtime = "native",
    .model_sha256 = {1, 2, 3},
    .input_size = EDGEL3_INPUT_SIZE,
    .output_size = EDGEL3_OUTPUT_SIZE,
    .arena_size = sizeof(arena_dtcm),
    .layer_count = EDGEL3_LAYER_COUNT,
    .layers = LAYERS,
    .labels_sha256 = {7, 8, 9},
    .label_count = EDGEL3_LABEL_COUNT,
    .labels = LABELS,
};

const uint8_t edgel3_build_id[32] = {4, 5, 6};

/* Scores that show which output they were made from: its first two elements, exchanged. */
const int8_t *edgel3_scores(edgel3_t *network, const int8_t *embedding)
{
    (void)network;
    static int8_t scores[2];
    scores[0] = embedding[1];
    scores[1] = embedding[0];
    return scores;
}

void edgel3_observe(edgel3_t *network, const edgel3_observer_t *observer)
{
    network->observer = observer;
}

void edgel3_start(edgel3_t *network)
{
    network->observer = NULL;
    started = true;
}

static void show(const edgel3_t *network, uint32_t layer, const int8_t *data, uint32_t size)
{
    const edgel3_observer_t *const observer = network->observer;
    if (observer == NULL) {
        return;
    }
    observer->pause(observer->context, layer);
    if (observer->show != NULL) {
        observer->show(observer->context, layer, data, size);
    }
    observer->resume(observer->context);
}

static int8_t use_stack(uint32_t words)
{
    volatile uint32_t *const top = (volatile uint32_t *)__builtin_frame_address(0);
    for (uint32_t i = 64; i < words; i++) {
        *(top - i) = i;
    }
    return (int8_t)words;
}

/* The faulting code of a stack overflow keeps its stack pointer beyond the stack. */
static void overflow_stack(void)
{
#ifdef __arm__
    __asm volatile("sub sp, sp, #0x10000\n"
                   "push {r0-r3}\n");
#endif
}

/* Word by word below the stack's lowest address, as frames of small functions do. */
static void creep_over_the_stack(void)
{
#ifdef __arm__
    extern uint32_t __stack_limit[];
    volatile uint32_t *word = __stack_limit + 16;
    for (uint32_t i = 0; i < 32; i++) {
        *--word = i;
    }
#endif
}

/* Single instructions that a Cortex-M7 takes for a fault, and the two unaligned loads that it does not. */
static void execute(int8_t command)
{
#ifdef __arm__
    const uintptr_t odd = (uintptr_t)arena_dtcm + 1u;
    switch (command) {
    case COMMAND_READ_NOWHERE:
        __asm volatile("ldr r0, [%0]" ::"r"(0x20400000u) : "r0");
        break;
    case COMMAND_WRITE_NOWHERE:
        __asm volatile("str %0, [%0]\n dsb" ::"r"(0x20400000u));
        break;
    case COMMAND_CALL_NULL:
        __asm volatile("blx %0" ::"r"(1u) : "lr");
        break;
    case COMMAND_JUMP_WITHOUT_THUMB:
        __asm volatile("blx %0" ::"r"((uintptr_t)edgel3_observe & ~(uintptr_t)1) : "lr");
        break;
    case COMMAND_EXECUTE_PERIPHERAL:
        __asm volatile("blx %0" ::"r"(0x40000001u) : "lr");
        break;
    case COMMAND_UNDEFINED:
        __asm volatile("udf #0");
        break;
    case COMMAND_BREAKPOINT:
        __asm volatile("bkpt #0");
        break;
    case COMMAND_SUPERVISOR_CALL:
        __asm volatile("svc #0");
        break;
    case COMMAND_UNALIGNED_DOUBLE:
        __asm volatile("ldrd r0, r1, [%0]" ::"r"(odd) : "r0", "r1");
        break;
    case COMMAND_UNALIGNED_MULTIPLE:
        __asm volatile("ldm %0, {r0, r1}" ::"r"(odd) : "r0", "r1");
        break;
    case COMMAND_UNALIGNED_WORD:
        __asm volatile("ldr r0, [%0]" ::"r"(odd) : "r0");
        break;
    case COMMAND_UNALIGNED_HALF:
        __asm volatile("ldrh r0, [%0]" ::"r"(odd) : "r0");
        break;
    default:
        break;
    }
#else
    (void)command;
#endif
}

static void compute_for_long(void)
{
    for (uint32_t left = LONG_RUN; left > 0; left--) {
        __asm volatile("" ::: "memory");
    }
}

static volatile uint32_t *volatile null;
static volatile uint32_t zero;

int32_t edgel3_run(edgel3_t *network, const int8_t *input, int8_t *output)
{
    if (!started) {
        return 1;
    }
    switch (input[0]) {
    case COMMAND_BAD_ADDRESS:
        *(volatile uint32_t *)(uintptr_t)NO_MEMORY_HERE = 1;
        break;
    case COMMAND_STACK_OVERFLOW:
        overflow_stack();
        break;
    case COMMAND_FAIL:
        return 2;
    case COMMAND_DEEP_STACK:
        arena_dtcm[0] = use_stack(500);
        break;
    case COMMAND_NULL_WRITE:
        null[5] = 1;
        break;
    case COMMAND_NULL_READ:
        arena_dtcm[0] = (int8_t)null[0];
        break;
    case COMMAND_DIVIDE_BY_ZERO:
        arena_dtcm[0] = (int8_t)(1000u / zero);
        break;
    case COMMAND_ENDLESS_LOOP:
        for (;;) {
        }
    case COMMAND_LONG_RUN:
        compute_for_long();
        break;
    case COMMAND_CREEPING_STACK:
        creep_over_the_stack();
        break;
    default:
        execute(input[0]);
        break;
    }
    for (uint32_t i = 0; i < EDGEL3_INPUT_SIZE; i++) {
        arena_dtcm[i] = input[i];
    }
    show(network, 0, arena_dtcm, 300);
    show(network, 0, arena_dtcm + 300, EDGEL3_INPUT_SIZE - 300);
    for (uint32_t i = 0; i < EDGEL3_INPUT_SIZE; i++) {
        arena_dtcm[i] = (int8_t)(arena_dtcm[i] ^ 0x55);
    }
    show(network, 1, arena_dtcm, EDGEL3_INPUT_SIZE);
    for (uint32_t i = 0; i < EDGEL3_OUTPUT_SIZE; i++) {
        output[i] = arena_dtcm[i];
    }
    show(network, 2, output, EDGEL3_OUTPUT_SIZE);
    return 0;
}
