/**
 * @file head.h
 * @brief The head: from an int8 embedding to one int8 score per label, bit for bit as TFLite Micro computes it.
 *
 * A score s stands for the probability (s + 128) / 256.
 */
#ifndef EDGEL3_HEAD_H
#define EDGEL3_HEAD_H

#include <stdint.h>

#include "edgel3_kernels.h"
#include "head/most_labels.h"

/** Constants of LOGISTIC; see edgel3_deploy/head/arithmetic.py. */
typedef struct {
    int32_t zero_point; /**< of the input */
    int32_t radius;     /**< inputs this far from the zero point give 0 or 255/256 */
    int32_t multiplier;
    int32_t shift; /**< to the left, before the multiplication */
} head_logistic_t;

/** Constants of SOFTMAX; see edgel3_deploy/head/arithmetic.py. */
typedef struct {
    int32_t diff_min; /**< inputs this far below the largest still count */
    int32_t multiplier;
    int32_t shift; /**< to the left, before the multiplication */
} head_softmax_t;

/** A fully connected layer, packed for edgel3_fully_connected(). */
typedef struct {
    edgel3_conv_t constants;
    int32_t features;
    int32_t outputs;
} head_layer_t;

/** A chain of layers, and what makes scores of the last one's outputs: exactly one of logistic and softmax. */
typedef struct {
    const head_layer_t *layers;
    int32_t layer_count;
    const head_logistic_t *logistic;
    const head_softmax_t *softmax;
} head_t;

/** int8 values to scores; `output` may be `input`. */
void head_logistic(const head_logistic_t *constants, const int8_t *input, int8_t *output, int32_t count);

/** int8 values, 1 to HEAD_MOST_LABELS, to scores that sum up to about one; `output` may be `input`. */
void head_softmax(const head_softmax_t *constants, const int8_t *input, int8_t *output, int32_t count);

/**
 * Run the head.
 *
 * @param embedding the network's output, not modified
 * @param scores    one per label
 * @param hidden    as many bytes as two of the widest layers have outputs
 * @param scratch   the largest edgel3_fully_connected_scratch() of the layers, aligned to 4 bytes
 */
void head_run(const head_t *head, const int8_t *embedding, int8_t *scores, int8_t *hidden, void *scratch);

#endif
