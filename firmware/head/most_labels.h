/**
 * @file most_labels.h
 * @brief Bound of what labels take, in a head and over time.
 */
#ifndef EDGEL3_HEAD_MOST_LABELS_H
#define EDGEL3_HEAD_MOST_LABELS_H

enum { HEAD_MOST_LABELS = 128 };

#endif
