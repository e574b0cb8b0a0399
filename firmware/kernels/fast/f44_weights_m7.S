@ F(4x4,3x3), weight transform on the fly for Cortex-M7. Arithmetic: f44_weights.c, its portable twin.
@
@ void edgel3_f44_weights(packed, pairs, w)
@
@ Both output channels of the pair go together, so that everything moves in double words: the first pass leaves
@ lines[6][3][2] on the stack (row, column, channel), the second one writes w[36][pair][2].

#if defined(__ARM_FEATURE_DSP) && !defined(EDGEL3_PORTABLE)

    .syntax unified
    .thumb

    .equ    W, 144              @ frame: lines, then the first position of the pair
    .equ    FRAME, 156

@ Column \j of the nine words: taps a, b, c of both channels to column \j of six lines.
.macro column j
    ldr     r5, [r0, #4 * \j]
    ldr     r7, [r0, #4 * \j + 12]
    sxtb16  r4, r5
    ldr     r9, [r0, #4 * \j + 24]
    sxtb16  r5, r5, ror #8
    sxtb16  r8, r9
    sxtb16  r9, r9, ror #8
    strd    r4, r5, [sp, #8 * \j]
    sxtb16  r6, r7
    sxtb16  r7, r7, ror #8
    strd    r8, r9, [sp, #8 * \j + 120]
    sadd16  r10, r4, r8
    sadd16  r11, r5, r9
    sadd16  r12, r10, r6
    sadd16  lr, r11, r7
    ssub16  r10, r10, r6
    ssub16  r11, r11, r7
    strd    r12, lr, [sp, #8 * \j + 24]
    sadd16  r8, r8, r8
    sadd16  r9, r9, r9
    strd    r10, r11, [sp, #8 * \j + 48]
    sadd16  r8, r8, r8
    sadd16  r9, r9, r9
    sadd16  r4, r4, r8
    sadd16  r5, r5, r9
    sadd16  r6, r6, r6
    sadd16  r7, r7, r7
    sadd16  r8, r4, r6
    sadd16  r9, r5, r7
    ssub16  r4, r4, r6
    ssub16  r5, r5, r7
    strd    r8, r9, [sp, #8 * \j + 72]
    strd    r4, r5, [sp, #8 * \j + 96]
.endm

@ Line \i to six positions of w: r2 the first, r3 the stride.
.macro line i
    ldrd    r4, r5, [sp, #24 * \i]
    ldrd    r8, r9, [sp, #24 * \i + 16]
    strd    r4, r5, [r2]
    ldrd    r6, r7, [sp, #24 * \i + 8]
    sadd16  r10, r4, r8
    sadd16  r11, r5, r9
    add     r2, r2, r3
    sadd16  r12, r10, r6
    sadd16  lr, r11, r7
    strd    r12, lr, [r2]
    ssub16  r10, r10, r6
    ssub16  r11, r11, r7
    add     r2, r2, r3
    sadd16  r12, r8, r8
    strd    r10, r11, [r2]
    sadd16  lr, r9, r9
    sadd16  r12, r12, r12
    sadd16  lr, lr, lr
    add     r2, r2, r3
    sadd16  r4, r4, r12
    sadd16  r5, r5, lr
    sadd16  r6, r6, r6
    sadd16  r7, r7, r7
    sadd16  r10, r4, r6
    sadd16  r11, r5, r7
    strd    r10, r11, [r2]
    add     r2, r2, r3
    ssub16  r4, r4, r6
    ssub16  r5, r5, r7
    strd    r4, r5, [r2]
    add     r2, r2, r3
    strd    r8, r9, [r2]
.endm

    .section .text.edgel3_f44_weights,"ax",%progbits
    .global edgel3_f44_weights
    .type   edgel3_f44_weights, %function
    .balign 8
edgel3_f44_weights:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    lsl     r3, r1, #3
    .balign 8
1:
    column  0
    column  1
    column  2
    str     r2, [sp, #W]
    line    0
    add     r2, r2, r3
    line    1
    add     r2, r2, r3
    line    2
    add     r2, r2, r3
    line    3
    add     r2, r2, r3
    line    4
    add     r2, r2, r3
    line    5
    ldr     r2, [sp, #W]
    add     r0, r0, #36
    add     r2, r2, #8
    subs    r1, r1, #1
    bne     1b
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .size   edgel3_f44_weights, . - edgel3_f44_weights

#endif
