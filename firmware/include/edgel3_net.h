/**
 * @file edgel3_net.h
 * @brief The network behind one header, whichever runtime executes it.
 *
 * The generated network.c implements this interface; main.c and the host tests call it.
 */
#ifndef EDGEL3_NET_H
#define EDGEL3_NET_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One operator of the network, in execution order. */
typedef struct {
    const char *name;     /**< such as "conv1" */
    uint32_t macs;        /**< multiply-accumulates of one inference */
    uint32_t output_size; /**< bytes of the output tensor */
} edgel3_layer_info_t;

/** What this image runs. */
typedef struct {
    const char *model_name;
    const char *runtime;
    uint8_t model_sha256[32];
    uint32_t input_size;  /**< bytes of the int8 input tensor */
    uint32_t output_size; /**< bytes of the int8 output tensor */
    uint32_t arena_size;  /**< bytes of all arenas and scratch */
    uint32_t layer_count;
    const edgel3_layer_info_t *layers;
} edgel3_net_info_t;

/** Description of the generated network. */
extern const edgel3_net_info_t edgel3_net_info;

/** SHA-256 over the rendered project, generated into build_id.c. */
extern const uint8_t edgel3_build_id[32];

/**
 * Who watches a run. Whenever a layer has done some of its work it calls `pause`, then `show` for each piece of output that is
 * complete, perhaps none, then `resume`: what happens between is not the network's own time.
 *
 * Pieces together are the layer's whole tensor, each byte once, in the order that the build's manifest.json names.
 */
typedef struct {
    void (*pause)(void *context, uint32_t layer);
    void (*show)(void *context, uint32_t layer, const int8_t *data, uint32_t size); /**< NULL: not wanted */
    void (*resume)(void *context);
    void *context;
} edgel3_net_observer_t;

/** Install an observer, which must outlive the runs that it watches, or none with NULL. */
void edgel3_net_observe(const edgel3_net_observer_t *observer);

/** Fill what the network keeps in RAM between inferences. Once, before the first of them. */
void edgel3_net_start(void);

/**
 * Run one inference. edgel3_net_start() must have been called.
 *
 * @param input  edgel3_net_info.input_size bytes, row-major (mel, frame), not modified
 * @param output edgel3_net_info.output_size bytes
 * @return 0, or the 1-based index of the layer that failed
 */
int32_t edgel3_net_run(const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif
