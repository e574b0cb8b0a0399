/**
 * @file edgel3_head.h
 * @brief From embedding to label scores: what the generated head.c implements.
 */
#ifndef EDGEL3_HEAD_INTERFACE_H
#define EDGEL3_HEAD_INTERFACE_H

#include <stdint.h>

/** What this image calls the scores. */
typedef struct {
    uint8_t sha256[32];     /**< of head.npz; zero without a head */
    uint32_t label_count;   /**< 0 without a head */
    const char *const *labels;
} edgel3_head_info_t;

/** Description of the generated head. */
extern const edgel3_head_info_t edgel3_head_info;

/**
 * Compute the scores of one window; without a head there are none.
 *
 * @param embedding the network's output, not modified
 * @return edgel3_head_info.label_count scores, which stand until the next call; a score s is the probability
 *         (s + 128) / 256
 */
const int8_t *edgel3_head_run(const int8_t *embedding);

#endif
