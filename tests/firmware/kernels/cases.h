/**
 * @file cases.h
 * @brief What the generated cases.c provides to the harness.
 */
#ifndef CASES_H
#define CASES_H

#include <stdint.h>

typedef struct {
    const char *name;
    void (*run)(void);
    const int8_t *output;
    uint32_t output_size;
} case_t;

extern const case_t cases[];
extern const uint32_t case_count;

#endif
