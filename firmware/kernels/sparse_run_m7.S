#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ Lists of non-zero weights over an expanded tile for Cortex-M7. Twin, contracts and formats: sparse_run.c, sparse.h.
@
@ const void *edgel3_sparse_run_*(entries, first, end, output, step, finish, scratch)
@
@ An entry meets four words of two lanes: taps take 6 instructions, BYTES1 8.5, BYTES4 9 for 8 MACs. The first turn of
@ an unrolled loop is entered so that it ends with it: `entry` of the record is what to skip.
@
@ Registers: r0 entries, r1-r3, r12, lr words and weight, r4-r11 four sums of (low, high). s0 output, s1 step, s2 end
@ of records, s3 table of finishes, s4 record, s5 end of the list, s6 scratch. A finish finds the record's offset in
@ r1 and multiplier in r12, keeps r0, r3 and lr, and moves s0 on. Each is one of the tables below, indexed by shift.

    .syntax unified
    .thumb
    .altmacro
    .section EDGEL3_CODE_OF(edgel3_sparse_run),"ax",%progbits

.macro maximum condition, a, b
    cmp     \a, \b
    it      \condition
    mov\condition \a, \b
.endm

@ Lane 0 and lane 1 to uint8, rounded by r2; lane 1 also to int8.
.macro lane0 sum, e
    add     \sum, r1, \sum, lsr #8
    smmlar  \sum, \sum, r12, r2
    usat    \sum, #8, \sum, asr #\e
.endm
.macro lane1 sum, e, saturate
    smmlar  \sum, \sum, r12, r2
    \saturate \sum, #8, \sum, asr #\e
.endm

.macro rows e
    .balign 4
    .thumb_func
finish_rows_\e:
    mov     r2, #1 << (\e - 1)
    lane0   r4, \e
    lane0   r6, \e
    lane0   r8, \e
    lane0   r10, \e
    sub     r2, r2, r2, lsl #8
    lane1   r5, \e, ssat
    lane1   r7, \e, ssat
    lane1   r9, \e, ssat
    lane1   r11, \e, ssat
    vmov    r1, r2, s0, s1
    bfi     r5, r4, #8, #24
    bfi     r9, r8, #8, #24
    bfi     r5, r7, #16, #16
    bfi     r9, r11, #16, #16
    bfi     r5, r6, #24, #8
    bfi     r9, r10, #24, #8
    strd    r5, r9, [r1]
    add     r1, r1, r2
    vmov    s0, r1
    bx      lr
.endm

@ Between the two rows of a pair lane 1 is held as uint8 too.
.macro pooled name, e, second
    .balign 4
    .thumb_func
finish_\name\()_\e:
    maximum lo, r4, r6
    maximum lo, r8, r10
    maximum lt, r5, r7
    maximum lt, r9, r11
    mov     r2, #1 << (\e - 1)
    lane0   r4, \e
    lane0   r8, \e
    lane1   r5, \e, usat
    lane1   r9, \e, usat
    vmov    r1, r2, s0, s1
    orr     r4, r5, r4, lsl #8
    orr     r4, r4, r9, lsl #16
    orr     r4, r4, r8, lsl #24
.if \second
    ldr     r5, [r1]
    uqsub8  r4, r4, r5
    add     r4, r4, r5
    eor     r4, r4, #0x00800080
.endif
    str     r4, [r1]
    add     r1, r1, r2
    vmov    s0, r1
    bx      lr
.endm

.macro finishes e
    rows    \e
    pooled  first, \e, 0
    pooled  second, \e, 1
.endm
    .set    i, 1
    .rept 12
    finishes %i
    .set    i, i + 1
    .endr

    .balign 4
    .thumb_func
finish_global:
    maximum lo, r4, r6
    maximum lo, r8, r10
    maximum lo, r4, r8
    maximum lt, r5, r7
    maximum lt, r9, r11
    maximum lt, r5, r9
    add     r4, r1, r4, lsr #8
    vmov    r1, r2, s0, s1
    maximum lt, r4, r5
    ldr     r5, [r1]
    asr     r4, r4, #1
    maximum lt, r4, r5
    str     r4, [r1]
    add     r1, r1, r2
    vmov    s0, r1
    bx      lr

    .balign 4
    .thumb_func
finish_raw:
    vmov    r1, r2, s0, s1
    stm     r1, {r4-r11}
    add     r1, r1, r2
    vmov    s0, r1
    bx      lr

@ 64 finishes by shift -32..31 each, in the order of edgel3_finish_t.
.macro entry name, e
    .word   finish_\name\()_\e
.endm
.macro table name
    .fill   33, 4, 0
    .set    i, 1
    .rept 12
    entry   \name, %i
    .set    i, i + 1
    .endr
    .fill   19, 4, 0
.endm
    .section .rodata.edgel3_sparse_run,"a",%progbits
    .balign 4
finish_tables:
    table   rows
    table   first
    table   second
    .rept 64
    .word   finish_global
    .endr
    .rept 64
    .word   finish_raw
    .endr
    .section EDGEL3_CODE_OF(edgel3_sparse_run),"ax",%progbits

.macro products
    smlal   r4, r5, r1, lr
    smlal   r6, r7, r2, lr
    smlal   r8, r9, r3, lr
    smlal   r10, r11, r12, lr
.endm
.macro taps
    ldrd    r1, lr, [r0], #8
    ldm     r1, {r1, r2, r3, r12}
    products
.endm
.macro pairs
    ldrd    r2, r3, [r12]
    smlal   r4, r5, r2, lr
    smlal   r6, r7, r3, lr
    ldrd    r2, r3, [r12, #8]
    smlal   r8, r9, r2, lr
    smlal   r10, r11, r3, lr
.endm
.macro bytes1
    ldr     r1, [r0], #4
    uxtab   r12, r12, r1
    sxtb.w  lr, r1, ror #8
    pairs
    uxtab   r12, r12, r1, ror #16
    asr.w   lr, r1, #24
    pairs
.endm
.macro bytes4
    ldrb    r2, [r0], #1
    ldrsb   lr, [r0], #1
    add.w   r12, r12, r2, lsl #2
    pairs
.endm
@ Sums of plain weights to those of weights * 512.
.macro aligned low, high
    lsl     \high, \high, #9
    orr     \high, \high, \low, lsr #23
    lsl     \low, \low, #9
.endm

.macro function form, turns, plain
    .global edgel3_sparse_run_\form
    .type   edgel3_sparse_run_\form, %function
    .thumb_func
    .balign 8
edgel3_sparse_run_\form:
    push    {r4-r11, lr}
    ldrd    r4, r5, [sp, #36]
    ldr     r6, [sp, #44]
    movw    r7, #:lower16:finish_tables + 128
    movt    r7, #:upper16:finish_tables + 128
    add     r5, r7, r5, lsl #8
    vmov    s0, s1, r3, r4
    vmov    s2, s3, r2, r5
    vmov    s6, r6
    mov     r3, r1
    cmp     r1, r2
    beq.w   3f
1:
    ldm     r3!, {r1, r2, r4, r5}
    add     r1, r1, r0
    vmov    s4, s5, r3, r1
.if \plain
    vmov    r12, s6
.endif
    mov     r6, r4
    mov     r7, r5
    mov     r8, r4
    mov     r9, r5
    mov     r10, r4
    mov     r11, r5
    add     pc, r2
    nop
2:
    .rept \turns
    \form
    .endr
    vmov    r1, s5
    cmp     r0, r1
    bne.w   2b
.if \plain
    aligned r4, r5
    aligned r6, r7
    aligned r8, r9
    aligned r10, r11
.endif
    vmov    r2, r3, s3, s4
    ldm     r3!, {r1, r12, lr}
    ldr     lr, [r2, lr, lsl #2]
    blx     lr
    vmov    r1, s2
    cmp     r3, r1
    bne.w   1b
3:
    pop     {r4-r11, pc}
    .size   edgel3_sparse_run_\form, . - edgel3_sparse_run_\form
.endm

    function taps, 128, 0
    function bytes1, 16, 1
    function bytes4, 32, 1

#endif
