@ A row of one rectified output channel into lanes for Cortex-M7. Twin: conv_mono_lanes.c.
@
@ void edgel3_mono_lanes_run(patches, weights, channel, output, stride)
@
@ Registers: r0 patches, r1 output, r2 sum, r3/lr patch words, r4-r8 weights, r9 bias, r10 multiplier, r11 rounding,
@ r12 shift; s0 end of output.

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)

    .syntax unified
    .thumb
    .section .text.edgel3_mono_lanes_run,"ax",%progbits

.macro output index, lane
    ldrd    r3, lr, [r0, #20 * \index]
    smlad   r2, r4, r3, r9
    smlad   r2, r5, lr, r2
    ldrd    r3, lr, [r0, #20 * \index + 8]
    smlad   r2, r6, r3, r2
    smlad   r2, r7, lr, r2
    ldr     r3, [r0, #20 * \index + 16]
    smlad   r2, r8, r3, r2
    smmlar  r2, r2, r10, r11
    asr     r2, r2, r12
    ssat    r2, #8, r2
.if \lane == 0
    eor     r2, r2, #0x80
.endif
    strb    r2, [r1], #1
.endm

    .global edgel3_mono_lanes_run
    .type   edgel3_mono_lanes_run, %function
    .balign 8
edgel3_mono_lanes_run:
    push    {r4-r11, lr}
    mov     r12, r3
    ldr     r3, [sp, #36]
    add     r3, r3, r12
    vmov    s0, r3
    ldm     r1, {r4-r8}
    mov     r1, r12
    ldm     r2, {r9-r12}
1:
    output  0, 0
    output  1, 0
    output  2, 1
    output  3, 1
    add     r0, r0, #80
    vmov    r3, s0
    cmp     r1, r3
    bne     1b
    pop     {r4-r11, pc}
    .size   edgel3_mono_lanes_run, . - edgel3_mono_lanes_run

#endif
