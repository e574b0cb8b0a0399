/**
 * @file memory.h
 * @brief The image's memory: its initial content and how deep the stack has been.
 */
#ifndef EDGEL3_STARTUP_MEMORY_H
#define EDGEL3_STARTUP_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/** Paint the unused stack, copy initial values, zero the rest. Called once, before anything static is used. */
void memory_init(void);

/** Deepest use of the stack since reset, in bytes. */
uint32_t memory_stack_peak(void);

/** Bytes reserved for the stack, its guard included. */
uint32_t memory_stack_size(void);

/** Bytes of initialised, zeroed and kept variables. */
uint32_t memory_data_size(void);

/** Whether `size` bytes at `address` are within the stack. */
bool memory_in_stack(const void *address, uint32_t size);

#endif
