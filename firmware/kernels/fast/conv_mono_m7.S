@ 3x3 convolution of one input channel, a row of one rectified output channel, for Cortex-M7. Twin: conv_mono.c.
@
@ void edgel3_mono_row(patches, weights, channel, output, width, stride)
@
@ Registers: r0 patches, r1 output, r2 sum, r3/lr patch words, r4-r8 weights, r9 stride, r10 multiplier, r11 rounding, r12
@ shift; s0 bias, s1 end of patches.

#if defined(__ARM_FEATURE_DSP) && !defined(EDGEL3_PORTABLE)

    .syntax unified
    .thumb
    .section .text.edgel3_mono_row,"ax",%progbits

.macro pixel
    ldrd    r3, lr, [r0]
    vmov    r2, s0
    smlad   r2, r4, r3, r2
    ldr     r3, [r0, #8]
    smlad   r2, r5, lr, r2
    ldr     lr, [r0, #12]
    smlad   r2, r6, r3, r2
    ldr     r3, [r0, #16]
    smlad   r2, r7, lr, r2
    add     r0, r0, #20
    smlad   r2, r8, r3, r2
    smmlar  r2, r2, r10, r11
    asr     r2, r2, r12
    ssat    r2, #8, r2
    strb    r2, [r1]
    add     r1, r1, r9
.endm

    .global edgel3_mono_row
    .type   edgel3_mono_row, %function
    .balign 8
edgel3_mono_row:
    push    {r4-r11, lr}
    ldrd    r12, r9, [sp, #36]
    mov     lr, r3
    ldr     r4, [r2]
    add     r5, r12, r12, lsl #2
    add     r5, r0, r5, lsl #2
    vmov    s0, r4
    vmov    s1, r5
    tst     r12, #1
    ldrd    r10, r11, [r2, #4]
    ldr     r12, [r2, #12]
    ldm     r1, {r4-r8}
    mov     r1, lr
    beq     2f
    pixel
    vmov    r3, s1
    cmp     r0, r3
    beq     3f
    .balign 8
2:
    pixel
    pixel
    vmov    r3, s1
    cmp     r0, r3
    bne     2b
3:
    pop     {r4-r11, pc}
    .size   edgel3_mono_row, . - edgel3_mono_row

#endif
