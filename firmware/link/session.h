/**
 * @file session.h
 * @brief The firmware's side of the serial protocol: bytes in, replies out.
 *
 * What every image answers is here: hello, identify, enter_bootloader, reset and a terminal's line. The rest comes as a
 * table of handlers from the image.
 */
#ifndef EDGEL3_LINK_SESSION_H
#define EDGEL3_LINK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "link/frame.h"

/** What a handler returns after it refused. */
#define LINK_REFUSED UINT32_MAX

/** Most bytes of a text in a reply. */
#define LINK_MAX_TEXT 200u

/** What is to be done after a reply went out. */
typedef enum {
    LINK_ACTION_NONE,
    LINK_ACTION_BOOTLOADER, /**< restart into the bootloader */
    LINK_ACTION_RESET,      /**< reset the chip */
    LINK_ACTION_BOOT,       /**< start the application */
} link_action_t;

/** A request's body, and where the reply's body goes: LINK_MAX_BODY bytes. */
typedef struct {
    const uint8_t *data;
    uint32_t size;
    uint8_t *reply;
} link_message_t;

typedef struct link_session link_session_t;

/** Fill in the reply's body and return its size, or return what link_refuse() returns. */
typedef uint32_t (*link_handler_t)(link_session_t *session, const link_message_t *request);

/** When a request can be handled. */
typedef enum {
    LINK_ANY_TIME,
    LINK_WHEN_IDLE, /**< it takes the network's tensors, or writes to flash: refused with BUSY meanwhile */
} link_time_t;

/** A request that an image answers: its type, when, limits to its body, and its handler. */
typedef struct {
    uint8_t type;
    link_time_t time;
    uint16_t min_size;
    uint16_t max_size;
    link_handler_t handle;
} link_handling_t;

/** Where this image stands in flash, in bytes. */
typedef struct {
    uint32_t start;
    uint32_t size;
} link_image_t;

/** What the session needs to know of chip and image; texts are at most LINK_MAX_TEXT bytes. */
typedef struct {
    link_role_t role;
    const char *board;
    const char *model;
    const char *runtime;
    const uint8_t *model_sha256; /**< 32 bytes */
    const uint8_t *build_id;     /**< 32 bytes */
    uint32_t device_id;          /**< DBGMCU_IDCODE, 0 without one */
    uint32_t cpu_hz;             /**< the clock that runs */
    uint32_t input_size;
    uint32_t output_size;
    uint32_t layer_count;
    link_counter_unit_t counter_unit;
    bool has_bootloader;
    link_image_t image;
    link_write_t write;
    void (*introduce)(const link_session_t *session); /**< answer a terminal, with link_say() */
    void (*read_text)(link_session_t *session, uint8_t character); /**< outside frames; NULL: ignore it */
    bool (*yields)(void); /**< whether a request for LINK_WHEN_IDLE may be handled now; NULL: always */
    const link_handling_t *handlings;
    uint32_t handling_count;
} link_device_t;

/** One session. Handlers use device, context and action; the other members are private. */
struct link_session {
    const link_device_t *device;
    void *context;        /**< of the handlers */
    link_action_t action; /**< what a handler wants to be done */
    bool greeted;
    link_receiver_t receiver;
    uint8_t reply[LINK_MAX_CONTENT];
};

/** Begin: nobody has said hello yet. */
void link_session_start(link_session_t *session, const link_device_t *device, void *context);

/** Take one byte from the port; a frame that it completes is handled and answered before the call returns. */
link_action_t link_session_take(link_session_t *session, uint8_t byte);

/** The port has been silent for long: what was begun will not be finished. */
void link_session_idle(link_session_t *session);

/** Refuse a request. */
uint32_t link_refuse(const link_message_t *request, link_error_t code, uint32_t detail);

/** Size of a reply's body that ends at `end`. */
uint32_t link_size_since(const link_message_t *request, const uint8_t *end);

/** Send text outside frames. */
void link_say(const link_session_t *session, const char *text);

#endif
