#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ F(4x4,3x3), output transform of rectified layers for Cortex-M7. Arithmetic: f44_output.c, its portable twin.
@
@ void edgel3_f44_rectified(outputs)
@ void edgel3_f44_rectified_pooled(outputs)
@ For each of the tiles of edgel3_outputs_t: 36 sums to 16 bytes, or to 4 when pooled.
@
@ The first pass transforms the six columns into z[6][4] on the stack, the second one its four rows. By hand
@ because the compiler mixes both passes and spills most of the 36 sums.
@
@ Cost: 322 instructions for 16 outputs of a channel, 283 when pooled; measured with GCC 12.2 -O2
@ -mcpu=cortex-m7 on QEMU.

    .syntax unified
    .thumb

    .equ    TILE, 96          @ frame: z[24], then the arguments that do not stay in registers
    .equ    SUMS, 100
    .equ    CHANNEL, 104
    .equ    CORRECTIONS, 108
    .equ    COUNT, 112
    .equ    OFFSET, 116
    .equ    FRAME, 124

@ Column \j: sums in steps of 6 positions of 32 bytes. The bias enters at position (1, 1).
.macro column j
    ldr     r5, [r0, #32 * (\j + 6)]
    ldr     r6, [r0, #32 * (\j + 12)]
    ldr     r7, [r0, #32 * (\j + 18)]
.if \j == 1
    add     r5, r5, r12
.endif
    ldr     r8, [r0, #32 * (\j + 24)]
    add     r10, r5, r6
    ldr     r4, [r0, #32 * \j]
    sub     r5, r5, r6
    ldr     r9, [r0, #32 * (\j + 30)]
    add     r11, r7, r8
    sub     r7, r7, r8
    add     r4, r4, r4, lsl #1
    sub     r8, r11, r10
    add     r9, r9, r9, lsl #1
    add     r9, r9, r7
    add     r4, r11, r4, lsl #1
    sub     r6, r7, r5, lsl #1
    sub     r4, r4, r10, lsl #2
    rsb     r9, r5, r9, lsl #1
    stmia   r3!, {r4, r6, r8, r9}
.endm

@ Row \r of z to r4, r6, r8, r9: its four outputs as 64 * acc, divided by 2^k with k = (0, 1, 2, 2) for the
@ column and the same for the row. r12 is the inverse of 9.
.macro row r
    ldr     r5, [sp, #4 * \r + 16]
    ldr     r6, [sp, #4 * \r + 32]
    ldr     r7, [sp, #4 * \r + 48]
    ldr     r8, [sp, #4 * \r + 64]
    add     r10, r5, r6
    ldr     r4, [sp, #4 * \r]
    sub     r5, r5, r6
    ldr     r9, [sp, #4 * \r + 80]
    add     r11, r7, r8
    sub     r7, r7, r8
    add     r4, r4, r4, lsl #1
    sub     r8, r11, r10
    add     r9, r9, r9, lsl #1
    add     r9, r9, r7
    add     r4, r11, r4, lsl #1
    sub     r6, r7, r5, lsl #1
.if \r >= 2
    ldr     r11, [sp, #CORRECTIONS]
    sub     r4, r4, r10, lsl #2
    rsb     r9, r5, r9, lsl #1
    ldrd    r10, r11, [r11, #8 * (\r - 2)]
    mul     r4, r4, r12
    mul     r6, r6, r12
    sub     r8, r8, r10
    sub     r9, r9, r11
.else
    mul     r6, r6, r12
    sub     r4, r4, r10, lsl #2
    rsb     r9, r5, r9, lsl #1
    mul     r4, r4, r12
.endif
    mul     r8, r8, r12
    mul     r9, r9, r12
.endm

@ The larger of a and b * 2^shift.
.macro larger a, b, shift=0
.if \shift
    cmp     \a, \b, lsl #\shift
    it      lt
    lsllt   \a, \b, #\shift
.else
    cmp     \a, \b
    it      lt
    movlt   \a, \b
.endif
.endm

.macro entry
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    ldm     r0, {r0-r5}
    strd    r1, r0, [sp, #TILE]
    strd    r4, r5, [sp, #CHANNEL]
    strd    r2, r3, [sp, #COUNT]
    .balign 8
1:
    ldr     r12, [sp, #CHANNEL]
    mov     r3, sp
    ldr     r12, [r12]
    column  0
    column  1
    column  2
    column  3
    column  4
    column  5
    ldr     r12, =0x38E38E39
.endm

@ Loop while tiles are left: the next tile's sums are the next column of the block.
.macro again
    ldrd    r1, r0, [sp, #TILE]
    ldr     r4, [sp, #COUNT]
    add     r1, r1, #16
    add     r0, r0, #4
    strd    r1, r0, [sp, #TILE]
    subs    r4, r4, #1
    str     r4, [sp, #COUNT]
    bne     1b
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
.endm

@ Requantize and store a row, with its k: r1 multiplier, r2 rounding, r3 shift, r0 output, lr pixel stride.
.macro store_row k
    asr     r4, r4, #(5 - \k)
    asr     r6, r6, #(4 - \k)
    asr     r8, r8, #(3 - \k)
    asr     r9, r9, #(3 - \k)
    smmlar  r4, r4, r1, r2
    smmlar  r6, r6, r1, r2
    add     r10, r0, lr
    smmlar  r8, r8, r1, r2
    asr     r4, r4, r3
    smmlar  r9, r9, r1, r2
    asr     r6, r6, r3
    ssat    r4, #8, r4
    asr     r8, r8, r3
    strb    r4, [r0]
    ssat    r6, #8, r6
    asr     r9, r9, r3
    strb    r6, [r0, lr]
    ssat    r8, #8, r8
    strb    r8, [r0, lr, lsl #1]
    ssat    r9, #8, r9
    strb    r9, [r10, lr, lsl #1]
.endm

.macro next_row
    ldr     r11, [sp, #TILE]
    ldr     r11, [r11, #8]
    add     r0, r0, r11
.endm

    .section EDGEL3_CODE_OF(edgel3_f44_rectified),"ax",%progbits
    .global edgel3_f44_rectified
    .type   edgel3_f44_rectified, %function
    .balign 8
edgel3_f44_rectified:
    entry
    ldr     r1, [sp, #CHANNEL]
    ldr     r3, [sp, #TILE]
    ldr     r4, [sp, #OFFSET]
    ldrd    r0, lr, [r3]
    add     r0, r0, r4
    ldr     r3, [r1, #12]
    ldrd    r1, r2, [r1, #4]
    row     0
    store_row 0
    next_row
    row     1
    store_row 1
    next_row
    row     2
    store_row 2
    next_row
    row     3
    store_row 2
    again
    .ltorg
    .size   edgel3_f44_rectified, . - edgel3_f44_rectified

@ Two rows give two outputs, each the maximum of four accumulators at the scale of the first; the upper
@ row's k is \k, the lower one's \more higher.
.macro pool_rows r, k, more
    row     \r
    larger  r4, r6, 1
    larger  r8, r9
    mov     r1, r4
    mov     r2, r8
    row     (\r + 1)
    larger  r4, r6, 1
    larger  r8, r9
    ldr     r10, [sp, #CHANNEL]
    larger  r1, r4, \more
    larger  r2, r8, \more
    asr     r4, r1, #(5 - \k)
    asr     r8, r2, #(3 - \k)
    ldrd    r1, r2, [r10, #4]
    ldr     r10, [r10, #12]
    smmlar  r4, r4, r1, r2
    smmlar  r8, r8, r1, r2
    asr     r4, r4, r10
    ssat    r4, #8, r4
    asr     r8, r8, r10
    strb    r4, [r0]
    ssat    r8, #8, r8
    strb    r8, [r0, lr]
.endm

    .section EDGEL3_CODE_OF(edgel3_f44_rectified_pooled),"ax",%progbits
    .global edgel3_f44_rectified_pooled
    .type   edgel3_f44_rectified_pooled, %function
    .balign 8
edgel3_f44_rectified_pooled:
    entry
    ldr     r3, [sp, #TILE]
    ldr     r4, [sp, #OFFSET]
    ldrd    r0, lr, [r3]
    add     r0, r0, r4
    pool_rows 0, 0, 1
    next_row
    pool_rows 2, 2, 0
    again
    .ltorg
    .size   edgel3_f44_rectified_pooled, . - edgel3_f44_rectified_pooled

#endif
