/*
 * The Armv7E-M DSP operations that kernels and filters use, each with its definition in plain C.
 *
 * A packed word holds two signed 16-bit lanes (low half, high half) or four bytes. EDGEL3_PORTABLE selects
 * the plain C on any target, so that both can be compared on the same machine; so does a target without an
 * FPU, in whose registers the assembly keeps its counters. The assembly statements are not volatile: the
 * compiler may schedule them, and the Q flag that some of them set is never read.
 */
#ifndef EDGEL3_SIMD_H
#define EDGEL3_SIMD_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
#define EDGEL3_DSP 1
#else
#define EDGEL3_DSP 0
#endif

/* Keeps short copy loops as they are: a library's memcpy may go byte by byte. */
#if defined(__GNUC__) && !defined(__clang__)
#define EDGEL3_PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))
#else
#define EDGEL3_PLAIN_LOOPS
#endif

#define EDGEL3_INLINE static inline __attribute__((always_inline))

EDGEL3_INLINE uint32_t edgel3_pack(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

EDGEL3_INLINE int32_t edgel3_low(uint32_t packed)
{
    return (int16_t)(packed & 0xFFFFu);
}

EDGEL3_INLINE int32_t edgel3_high(uint32_t packed)
{
    return (int16_t)(packed >> 16);
}

/* Four bytes from and to any address. Built-in copies, since freestanding code gets calls of memcpy. */
EDGEL3_INLINE uint32_t edgel3_load32(const int8_t *bytes)
{
    uint32_t word;
    __builtin_memcpy(&word, bytes, sizeof word);
    return word;
}

EDGEL3_INLINE void edgel3_store32(int8_t *bytes, uint32_t word)
{
    __builtin_memcpy(bytes, &word, sizeof word);
}

/* Bytes 0 and 2, sign-extended. */
EDGEL3_INLINE uint32_t edgel3_sxtb16(uint32_t bytes)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(bytes));
    return result;
#else
    return edgel3_pack((int8_t)(bytes & 0xFFu), (int8_t)((bytes >> 16) & 0xFFu));
#endif
}

/* Bytes 1 and 3, sign-extended. */
EDGEL3_INLINE uint32_t edgel3_sxtb16_odd(uint32_t bytes)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(bytes));
    return result;
#else
    return edgel3_sxtb16(bytes >> 8);
#endif
}

EDGEL3_INLINE uint32_t edgel3_sadd16(uint32_t a, uint32_t b)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return edgel3_pack(edgel3_low(a) + edgel3_low(b), edgel3_high(a) + edgel3_high(b));
#endif
}

EDGEL3_INLINE uint32_t edgel3_ssub16(uint32_t a, uint32_t b)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
#else
    return edgel3_pack(edgel3_low(a) - edgel3_low(b), edgel3_high(a) - edgel3_high(b));
#endif
}

/* sum + low(a) * low(b) + high(a) * high(b), modulo 2^32. */
EDGEL3_INLINE uint32_t edgel3_smlad(uint32_t a, uint32_t b, uint32_t sum)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return sum + (uint32_t)(edgel3_low(a) * edgel3_low(b)) + (uint32_t)(edgel3_high(a) * edgel3_high(b));
#endif
}

/* As edgel3_smlad, in 64 bits: no sum of fewer than 2^32 products overflows. */
EDGEL3_INLINE int64_t edgel3_smlald(uint32_t a, uint32_t b, int64_t sum)
{
#if EDGEL3_DSP
    __asm("smlald %Q0, %R0, %1, %2" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
#else
    return sum + (int64_t)edgel3_low(a) * edgel3_low(b) + (int64_t)edgel3_high(a) * edgel3_high(b);
#endif
}

/* sum + the high word of a * b, rounded half up. */
EDGEL3_INLINE int32_t edgel3_smmlar(int32_t a, int32_t b, int32_t sum)
{
#if EDGEL3_DSP
    int32_t result;
    __asm("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
#else
    return sum + (int32_t)(((int64_t)a * b + 0x80000000LL) >> 32);
#endif
}

/* Saturate to int8. */
EDGEL3_INLINE int32_t edgel3_ssat8(int32_t value)
{
#if EDGEL3_DSP
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return value < -128 ? -128 : value > 127 ? 127 : value;
#endif
}

/* Saturate to int16. */
EDGEL3_INLINE int32_t edgel3_ssat16(int32_t value)
{
#if EDGEL3_DSP
    int32_t result;
    __asm("ssat %0, #16, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
#endif
}

/* The larger of each pair of signed bytes. SSUB8 sets flags that SEL reads: one statement. */
EDGEL3_INLINE uint32_t edgel3_max8(uint32_t a, uint32_t b)
{
#if EDGEL3_DSP
    uint32_t result;
    __asm("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
#else
    uint32_t result = 0;
    for (uint32_t bit = 0; bit < 32; bit += 8) {
        const uint32_t x = (a >> bit) & 0xFFu, y = (b >> bit) & 0xFFu;
        result |= ((int8_t)x > (int8_t)y ? x : y) << bit;
    }
    return result;
#endif
}

#endif
