/**
 * @file bytes.h
 * @brief Little-endian integers in byte buffers of any alignment.
 */
#ifndef EDGEL3_LINK_BYTES_H
#define EDGEL3_LINK_BYTES_H

#include <stdint.h>

static inline uint16_t get_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] | (from[1] << 8));
}

static inline uint32_t get_u32(const uint8_t *from)
{
    return get_u16(from) | ((uint32_t)get_u16(from + 2) << 16);
}

/** Two's complement. */
static inline int32_t get_i32(const uint8_t *from)
{
    const uint32_t bits = get_u32(from);
    return bits <= INT32_MAX ? (int32_t)bits : -(int32_t)(UINT32_MAX - bits) - 1;
}

/** Store `value` and return the address behind it. */
static inline uint8_t *put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}

/** Store `value` and return the address behind it. */
static inline uint8_t *put_u32(uint8_t *to, uint32_t value)
{
    return put_u16(put_u16(to, (uint16_t)value), (uint16_t)(value >> 16));
}

/** Store `value` and return the address behind it. */
static inline uint8_t *put_u64(uint8_t *to, uint64_t value)
{
    return put_u32(put_u32(to, (uint32_t)value), (uint32_t)(value >> 32));
}

/** Store `size` bytes and return the address behind them. */
static inline uint8_t *put_bytes(uint8_t *to, const uint8_t *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        to[i] = from[i];
    }
    return to + size;
}

#endif
