/**
 * @file recorder.h
 * @brief From what is heard to what is told: the network's run on a window, labels, records and summaries.
 *
 * Settings are those that recorder_read_settings() found last, but for the calibration, which counts at once.
 */
#ifndef EDGEL3_APPLICATION_RECORDER_H
#define EDGEL3_APPLICATION_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "application/hearing.h"
#include "application/inference.h"

/** Forget all records and summaries; recorder_begin() follows. */
void recorder_start(void);

/** No labels yet, and an interval begins. */
void recorder_begin(const hearing_t *hearing);

/** Take smoothing and thresholds as they are set now. */
void recorder_read_settings(void);

/** So much was spent on samples; what is spent while the network runs is the run's already. */
void recorder_count_busy(uint64_t counts);

/** So much of the time since the run began was spent on something else. */
void recorder_leave_out(uint64_t counts);

/** Whether the network runs. */
bool recorder_is_running(void);

/** Make a record of the window that is due: the inference's input, and its results, are the window's afterwards. */
void recorder_take_window(hearing_t *hearing, inference_t *inference, void (*show_running)(bool running));

/** Make a summary of the report that is there. */
void recorder_take_report(hearing_t *hearing);

#endif
