#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ A row of one rectified output channel into lanes for Cortex-M7. Twin: conv_mono_lanes.c.
@
@ void edgel3_mono_lanes_run(patches, weights, channel, output, stride): shifts of 1 to 12, a stride that is a multiple
@ of 8.
@
@ Registers: r0 patches, r1 output, r2 sum, r2/r3/r9/r10/r12 a patch, r4-r8 weights, r11 bias, lr multiplier; s0 end of
@ the output.
@
@ Cost: 10.4 instructions an output.

    .syntax unified
    .thumb
    .section EDGEL3_CODE_OF(edgel3_mono_lanes_run),"ax",%progbits

.macro product
    ldm     r0!, {r2, r3, r9, r10, r12}
    smlad   r2, r4, r2, r11
    smlad   r2, r5, r3, r2
    smlad   r2, r6, r9, r2
    smlad   r2, r7, r10, r2
    smlad   r2, r8, r12, r2
    smmulr  r2, r2, lr
.endm

@ x + 128 as uint8 in lane 0, x as int8 in lane 1.
.macro lane0 e
    product
    add     r2, r2, #1 << (\e - 1)
    usat    r2, #8, r2, asr #\e
    strb    r2, [r1], #1
.endm

.macro lane1 e
    product
    sub     r2, r2, #255 << (\e - 1)
    ssat    r2, #8, r2, asr #\e
    strb    r2, [r1], #1
.endm

.macro row e
    .balign 4
    .thumb_func
row_\e:
    .rept   4
    lane1   \e
    lane0   \e
    .endr
    vmov    r2, s0
    cmp     r1, r2
    bne     row_\e
    pop     {r4-r11, pc}
.endm

    .global edgel3_mono_lanes_run
    .type   edgel3_mono_lanes_run, %function
    .thumb_func
    .balign 8
edgel3_mono_lanes_run:
    push    {r4-r11, lr}
    ldr     r12, [sp, #36]
    mov     r9, r3
    add     r12, r12, r3
    vmov    s0, r12
    ldr     r12, [r2, #12]
    ldrd    r11, lr, [r2]
    ldm     r1, {r4-r8}
    mov     r1, r9
    adr.w   r2, rows_by_shift
    ldr     pc, [r2, r12, lsl #2]

    .balign 4
rows_by_shift:
    .word   0                           @ no channel has a shift of 0
    .irp    e, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    .word   row_\e
    .endr

    .irp    e, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    row     \e
    .endr
    .size   edgel3_mono_lanes_run, . - edgel3_mono_lanes_run

#endif
