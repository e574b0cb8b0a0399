#include "edgel3_attributes.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && !defined(EDGEL3_PORTABLE)
@ F(4x4,3x3), input transform for Cortex-M7. Arithmetic and lane offsets: f44_input.c, its portable twin.
@
@ void edgel3_f44_input(rows, channels, pairs, v)
@
@ Four channels at a time: the first pass transforms the six rows of the patch into lines[2][6][6] on the
@ stack (even and odd channel pair), the second one the columns of both into v. SXTAB16 extracts two
@ channels and adds 128 (and the lane offset) at once. By hand because the compiler spills the six words
@ that both halves of the first pass share.
@
@ Cost: 644 instructions for four channels of a tile, measured with GCC 12.2 -O2 -mcpu=cortex-m7 on QEMU.

    .syntax unified
    .thumb

    .equ    CHANNELS, 288       @ frame: lines, then what does not stay in registers
    .equ    CHANNEL, 292
    .equ    OFFSET, 296
    .equ    V, 300
    .equ    STRIDE, 304
    .equ    ROWS, 308
    .equ    ODD, 312            @ pixels 4 and 5 of the odd half
    .equ    FRAME, 324

@ One half of a row: words r4-r9, constants r0 and \last (for pixels 4 and 5), to lines at \to.
.macro half last, to, rotation:vararg
    sxtab16 r2, r0, r6 \rotation
    sxtab16 r1, \last, r8 \rotation
    sxtab16 r3, r0, r4 \rotation
    sub     r10, r1, r2, lsl #2
    sub     r1, r1, r2
    sub     r3, r3, r2
    sxtab16 r11, r0, r5 \rotation
    add     r2, r1, r3, lsl #2
    sxtab16 r3, r0, r7 \rotation
    sxtab16 lr, \last, r9 \rotation
    sub     r12, r3, r11, lsl #2
    sub     r11, r3, r11
    sub     lr, lr, r3
    add     r3, r10, r12
    sub     r10, r10, r12
    sub     lr, lr, r11, lsl #2
    sub     r12, r1, r11, lsl #1
    add     r11, r1, r11, lsl #1
    add     r1, sp, #\to
    stmia   r1, {r2, r3, r10, r11, r12, lr}
.endm

.macro load_row i
    ldr     r10, [sp, #ROWS]
    ldrd    r1, r2, [sp, #CHANNELS]
    ldr     r10, [r10, #4 * \i]
    add     r10, r10, r2
    ldr     r4, [r10]
    ldr     r5, [r10, r1]
    ldr     r6, [r10, r1, lsl #1]
    add     r10, r10, r1
    add     r10, r10, r1, lsl #1
    ldr     r7, [r10]
    ldr     r8, [r10, r1]
    ldr     r9, [r10, r1, lsl #1]
.endm

.macro row i
    load_row \i
    half    r0, (24 * \i)
    half    r0, (144 + 24 * \i), , ror #8
.endm

@ Rows 4 and 5: their last two pixels carry the lane offset. r12 is free until `half` has used it.
.macro row_with_offset i
    load_row \i
    ldr     r12, [sp, #OFFSET]
    sxtab16 r11, r12, r8, ror #8
    sxtab16 lr, r12, r9, ror #8
    sxtab16 r8, r12, r8
    sxtab16 r9, r12, r9
    strd    r11, lr, [sp, #ODD]
    half_of_offset (24 * \i)
    ldrd    r8, r9, [sp, #ODD]
    half_of_offset (144 + 24 * \i), , ror #8
.endm

@ As `half`, with pixels 4 and 5 extracted already.
.macro half_of_offset to, rotation:vararg
    sxtab16 r2, r0, r6 \rotation
    sxtab16 r3, r0, r4 \rotation
    sub     r10, r8, r2, lsl #2
    sub     r1, r8, r2
    sub     r3, r3, r2
    sxtab16 r11, r0, r5 \rotation
    add     r2, r1, r3, lsl #2
    sxtab16 r3, r0, r7 \rotation
    sub     r12, r3, r11, lsl #2
    sub     r11, r3, r11
    sub     lr, r9, r3
    add     r3, r10, r12
    sub     r10, r10, r12
    sub     lr, lr, r11, lsl #2
    sub     r12, r1, r11, lsl #1
    add     r11, r1, r11, lsl #1
    add     r1, sp, #\to
    stmia   r1, {r2, r3, r10, r11, r12, lr}
.endm

@ One column of lines at \from, to six positions of v: r0 first, r1 six strides, r2 eighteen strides.
.macro column from
    ldr     r6, [sp, #\from + 48]
    ldr     r8, [sp, #\from + 96]
    ldr     r5, [sp, #\from + 24]
    ldr     r7, [sp, #\from + 72]
    sub     r10, r8, r6, lsl #2
    ldr     r4, [sp, #\from]
    sub     r8, r8, r6
    ldr     r9, [sp, #\from + 120]
    sub     r11, r7, r5, lsl #2
    sub     r4, r4, r6
    sub     r5, r7, r5
    sub     r9, r9, r7
    add     r4, r8, r4, lsl #2
    add     r12, r0, r2
    str     r4, [r0]
    add     r6, r10, r11
    sub     r9, r9, r5, lsl #2
    str     r6, [r0, r1]
    sub     r7, r10, r11
    add     r6, r8, r5, lsl #1
    str     r7, [r0, r1, lsl #1]
    sub     r8, r8, r5, lsl #1
    str     r6, [r12]
    add     r0, r0, r3
    str     r8, [r12, r1]
    str     r9, [r12, r1, lsl #1]
.endm

.macro columns from
    column  (\from)
    column  (\from + 4)
    column  (\from + 8)
    column  (\from + 12)
    column  (\from + 16)
    column  (\from + 20)
.endm

    .section EDGEL3_CODE_OF(edgel3_f44_input),"ax",%progbits
    .global edgel3_f44_input
    .type   edgel3_f44_input, %function
    .balign 8
edgel3_f44_input:
    push    {r4-r11, lr}
    sub     sp, sp, #FRAME
    mov     r4, #0
    strd    r1, r4, [sp, #CHANNELS]
    ldr     r4, =0x0080324E
    str     r4, [sp, #OFFSET]
    lsl     r2, r2, #4
    str     r3, [sp, #V]
    str     r2, [sp, #STRIDE]
    str     r0, [sp, #ROWS]
    .balign 8
1:
    mov     r0, #0x00800080
    row     0
    row     1
    row     2
    row     3
    row_with_offset 4
    row_with_offset 5
    ldrd    r0, r3, [sp, #V]
    add     r1, r3, r3, lsl #1
    lsl     r1, r1, #1
    add     r2, r1, r1, lsl #1
    columns 0
    ldr     r0, [sp, #V]
    add     r0, r0, #16
    columns 144
    ldr     r0, [sp, #V]
    ldrd    r1, r2, [sp, #CHANNELS]
    add     r0, r0, #32
    add     r2, r2, #4
    str     r0, [sp, #V]
    str     r2, [sp, #CHANNEL]
    cmp     r2, r1
    blt     1b
    add     sp, sp, #FRAME
    pop     {r4-r11, pc}
    .ltorg
    .size   edgel3_f44_input, . - edgel3_f44_input

#endif
