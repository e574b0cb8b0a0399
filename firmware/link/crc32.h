/**
 * @file crc32.h
 * @brief CRC-32 of IEEE 802.3 (zlib's crc32), computable piece by piece.
 */
#ifndef EDGEL3_LINK_CRC32_H
#define EDGEL3_LINK_CRC32_H

#include <stdint.h>

/** CRC-32 of `size` bytes at `data`, continued from `crc`: 0 at first, then the previous call's result. */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, uint32_t size);

#endif
