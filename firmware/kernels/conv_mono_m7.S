#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ 3x3 convolution of one input channel, a run of pixels of one rectified output channel, for Cortex-M7. Twin:
@ conv_mono.c.
@
@ void edgel3_mono_run(patches, weights, channel, output, count, stride)
@
@ Registers: r0 patches, r1 output, r2 sum, r3/lr patch words, r4-r8 weights, r9 stride, r10 multiplier, r11
@ rounding, r12 shift; s0 bias, s1 end of patches, s2 odd pixels.

    .syntax unified
    .thumb
    .section EDGEL3_CODE_OF(edgel3_mono_run),"ax",%progbits

@ Pixel \index of a group, its byte to [r1, \to].
.macro pixel index, to:vararg
    ldrd    r3, lr, [r0, #20 * \index]
    vmov    r2, s0
    smlad   r2, r4, r3, r2
    ldr     r3, [r0, #20 * \index + 8]
    smlad   r2, r5, lr, r2
    ldr     lr, [r0, #20 * \index + 12]
    smlad   r2, r6, r3, r2
    ldr     r3, [r0, #20 * \index + 16]
    smlad   r2, r7, lr, r2
    smlad   r2, r8, r3, r2
    smmlar  r2, r2, r10, r11
    asr     r2, r2, r12
    ssat    r2, #8, r2
    strb    r2, [r1 \to]
.endm

    .global edgel3_mono_run
    .type   edgel3_mono_run, %function
    .balign 8
edgel3_mono_run:
    push    {r4-r11, lr}
    ldrd    r12, r9, [sp, #36]
    mov     lr, r3
    ldr     r4, [r2]
    add     r5, r12, r12, lsl #2
    add     r5, r0, r5, lsl #2
    vmov    s0, r4
    vmov    s1, r5
    ands    r12, r12, #3
    ldm     r1, {r4-r8}
    mov     r1, lr
    ldrd    r10, r11, [r2, #4]
    vmov    s2, r12
    ldr     r12, [r2, #12]
    beq     3f
1:                              @ a width that is no multiple of four starts with its odd pixels
    pixel   0
    add     r0, r0, #20
    add     r1, r1, r9
    vmov    r3, s2
    subs    r3, r3, #1
    vmov    s2, r3
    bne     1b
    vmov    r3, s1
    cmp     r0, r3
    beq     4f
    .balign 8
3:
    pixel   0
    pixel   1, , r9
    pixel   2, , r9, lsl #1
    add     r1, r1, r9, lsl #1
    pixel   3, , r9
    add     r0, r0, #80
    vmov    r3, s1
    add     r1, r1, r9, lsl #1
    cmp     r0, r3
    bne     3b
4:
    pop     {r4-r11, pc}
    .size   edgel3_mono_run, . - edgel3_mono_run

#endif
