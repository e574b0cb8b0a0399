#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ F(4x4,3x3), weight transform on the fly for Cortex-M7. Arithmetic: f44_weights.c, its portable twin.
@
@ void edgel3_f44_weights(packed, pairs, w)
@
@ Both output channels of the pair go together, so that everything moves in double words: the first pass
@ leaves lines[6][3][2] on the stack (row, column, channel), the second one writes w[36][pair][2].
@
@ Cost: 266 instructions for the kernels of two output channels and two input channels, measured with GCC
@ 12.2 -O2 -mcpu=cortex-m7 on QEMU.

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

.macro store first, second, stride
.if \stride
    strd    \first, \second, [r2], #\stride
.else
    strd    \first, \second, [r2]
    add     r2, r2, r3
.endif
.endm

@ Line \i to six positions of w from r2 on, which ends at the next line's. The stride in bytes is \stride,
@ or r3 if 0.
.macro line i, stride
    ldrd    r4, r5, [sp, #24 * \i]
    ldrd    r8, r9, [sp, #24 * \i + 16]
    store   r4, r5, \stride
    ldrd    r6, r7, [sp, #24 * \i + 8]
    sadd16  r10, r4, r8
    sadd16  r11, r5, r9
    sadd16  r12, r10, r6
    sadd16  lr, r11, r7
    store   r12, lr, \stride
    ssub16  r10, r10, r6
    ssub16  r11, r11, r7
    sadd16  r12, r8, r8
    store   r10, r11, \stride
    sadd16  lr, r9, r9
    sadd16  r12, r12, r12
    sadd16  lr, lr, lr
    sadd16  r4, r4, r12
    sadd16  r5, r5, lr
    sadd16  r6, r6, r6
    sadd16  r7, r7, r7
    sadd16  r10, r4, r6
    sadd16  r11, r5, r7
    store   r10, r11, \stride
    ssub16  r4, r4, r6
    ssub16  r5, r5, r7
    store   r4, r5, \stride
    store   r8, r9, \stride
.endm

@ All pairs; the usual channel counts have their strides as immediates, which saves a tenth of the
@ instructions.
.macro pairs stride
    .balign 8
1:
    column  0
    column  1
    column  2
    str     r2, [sp, #W]
    line    0, \stride
    line    1, \stride
    line    2, \stride
    line    3, \stride
    line    4, \stride
    line    5, \stride
    ldr     r2, [sp, #W]
    add     r0, r0, #36
    add     r2, r2, #8
    subs    r1, r1, #1
    bne     1b
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
.endm

    .section EDGEL3_CODE_OF(edgel3_f44_weights),"ax",%progbits
    .global edgel3_f44_weights
    .type   edgel3_f44_weights, %function
    .balign 8
edgel3_f44_weights:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    lsl     r3, r1, #3
    cmp     r1, #16
    beq.w   by_128
    cmp     r1, #32
    beq.w   by_256
    cmp     r1, #64
    beq.w   by_512
    pairs   0
by_128:
    pairs   128
by_256:
    pairs   256
by_512:
    pairs   512
    .size   edgel3_f44_weights, . - edgel3_f44_weights

#endif
