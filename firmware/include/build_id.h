/**
 * @file build_id.h
 * @brief Which project an image was made from: what the generated build_id.c defines.
 */
#ifndef BUILD_ID_H
#define BUILD_ID_H

#include <stdint.h>

/** SHA-256 over the rendered project. */
extern const uint8_t edgel3_build_id[32];

#endif
