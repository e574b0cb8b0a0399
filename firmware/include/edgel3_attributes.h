/**
 * @file edgel3_attributes.h
 * @brief Where the kernels' code and the weights go: nowhere special, unless the integrator says so. For assembly, too.
 *
 * EDGEL3_HOT_SECTION is a section's name without quotes, for the code of all kernels. EDGEL3_HOT is an attribute for C
 * alone, by default that of EDGEL3_HOT_SECTION. EDGEL3_WEIGHTS is an attribute for constant arrays.
 */
#ifndef EDGEL3_ATTRIBUTES_H
#define EDGEL3_ATTRIBUTES_H

#ifdef __has_include
#if __has_include("edgel3_config.h")
#include "edgel3_config.h"
#endif
#endif

#if defined(__ASSEMBLER__) && defined(__linux__)
    .section .note.GNU-stack,"",%progbits /* no code on the stack, says an empty file to a host's linker */
#endif

#define EDGEL3_QUOTED_AS_IS(text) #text
#define EDGEL3_QUOTED(text) EDGEL3_QUOTED_AS_IS(text)

#ifdef EDGEL3_HOT_SECTION
#define EDGEL3_CODE_OF(function) EDGEL3_HOT_SECTION
#ifndef EDGEL3_HOT
#define EDGEL3_HOT __attribute__((section(EDGEL3_QUOTED(EDGEL3_HOT_SECTION))))
#endif
#else
#define EDGEL3_CODE_OF(function) .text.function
#endif

#ifndef EDGEL3_HOT
#define EDGEL3_HOT
#endif
#ifndef EDGEL3_WEIGHTS
#define EDGEL3_WEIGHTS
#endif

#endif
