/**
 * @file session.h
 * @brief The firmware's side of the serial protocol: bytes in, replies out.
 */
#ifndef EDGEL3_LINK_SESSION_H
#define EDGEL3_LINK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "inference.h"

/** Memory use in bytes, as read_memory reports it. */
typedef struct {
    uint32_t stack_peak;
    uint32_t stack_size;
    uint32_t data_size;
} link_memory_t;

/** What the session needs to know of the chip. */
typedef struct {
    const char *board;
    uint32_t device_id; /**< DBGMCU_IDCODE, 0 without one */
    uint32_t cpu_hz;    /**< the clock that runs */
    link_counter_unit_t counter_unit;
    bool has_bootloader;
    link_write_t write;
    void (*read_memory)(link_memory_t *memory);
} link_device_t;

/** What is to be done after a reply went out. */
typedef enum {
    LINK_ACTION_NONE,
    LINK_ACTION_BOOTLOADER, /**< jump into the ROM bootloader */
    LINK_ACTION_RESET,      /**< reset the chip */
} link_action_t;

/** One session; members are private. */
typedef struct {
    const link_device_t *device;
    inference_t *inference;
    bool greeted;
    link_action_t action;
    link_receiver_t receiver;
    uint8_t reply[LINK_MAX_CONTENT];
} link_session_t;

/** Begin: nobody has said hello yet. */
void link_session_start(link_session_t *session, const link_device_t *device, inference_t *inference);

/** Take one byte from the port; a frame that it completes is handled and answered before the call returns. */
link_action_t link_session_take(link_session_t *session, uint8_t byte);

/** The port has been silent for long: what was begun will not be finished. */
void link_session_idle(link_session_t *session);

#endif
