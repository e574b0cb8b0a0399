/**
 * @file start.h
 * @brief Which application starts, or why none does.
 */
#ifndef EDGEL3_LOADER_START_H
#define EDGEL3_LOADER_START_H

#include <stdint.h>

#include "link/protocol.h"

/**
 * Decide after a reset, by the mailbox and what the slots hold, and note the decision in the mailbox. An image on trial
 * loses one of its marks.
 *
 * @return the slot whose application is to be started, or SLOT_NONE: the mailbox then says why
 */
uint32_t start_decide(void);

/** The same when a host asks for it: a failed start is tried again. */
uint32_t start_decide_again(void);

#endif
