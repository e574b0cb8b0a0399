"""Loops in objdump's listing."""

from __future__ import annotations

from benchmarks.loops import find_loops, parse

LISTING = """\
firmware.elf:     file format elf32-littlearm

00000100 <f>:
     100:\tpush\t{r4, lr}
     102:\tldr.w\tr2, [r0, #16]\t@ 0x10
     104:\tsmlad\tr6, r2, r4, r6
     108:\tsubs\tr1, #1
     10a:\tbne.n\t104 <f+0x4>
     10c:\tcmp\tr0, r3
     10e:\tbeq.w\t114 <f+0x14>
     112:\tblt.n\t102 <f+0x2>
     114:\tb.n\t200 <g>
     118:\t.word\t0x38e38e39
"""


def test_a_backward_branch_closes_a_loop_and_others_do_not() -> None:
    inner, outer = find_loops(parse(LISTING))
    assert [i.address for i in inner.own] == [0x104, 0x108, 0x10A]
    assert outer.inner == (inner,)


def test_an_outer_loops_own_code_leaves_out_the_inner_and_its_closing_branch() -> None:
    _, outer = find_loops(parse(LISTING))
    assert outer.code == ("ldr r2, [r0, #16]", "cmp r0, r3", "beq 114 <f+0x14>")
    assert outer.count("smlad") == 0


def test_only_the_closing_branch_of_a_straight_loop_branches() -> None:
    inner, outer = find_loops(parse(LISTING))
    assert inner.straight
    assert not outer.straight


def test_comments_and_width_suffixes_are_gone() -> None:
    assert parse(LISTING)[1].text == "ldr r2, [r0, #16]"
