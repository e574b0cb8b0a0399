/**
 * @file console.h
 * @brief MLPerf Tiny's serial console (mlcommons/tiny, benchmark/api): commands that end with '%', between frames.
 *
 * name, profile, help, timestamp, db load N, db HEX, db print, infer N W, results. Answers are lines; "m-ready" ends each. What
 * is loaded is the int8 input tensor; results are the scores of the head, or without one the embedding, as real numbers with
 * six decimals. An image has it if it was built with --console mlperf; without, all text but a line's end is ignored.
 */
#ifndef EDGEL3_APPLICATION_CONSOLE_H
#define EDGEL3_APPLICATION_CONSOLE_H

#include <stdint.h>

#include "link/session.h"

/**
 * Take a character that came outside frames; a command that it completes is answered before the call returns, or, while the
 * sensor computes, by console_work(). Until m-ready ends the answer no other command is taken.
 */
void console_take(link_session_t *session, uint8_t character);

/** Answer the command that waits, if the network is free. */
void console_work(link_session_t *session);

#endif
