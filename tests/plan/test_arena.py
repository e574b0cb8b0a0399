"""Offsets within one arena."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.plan.arena import Buffer, lay_out
from edgel3_deploy.plan.storage import Storage, Use


def memory(label: str, first: int, last: int, *sizes: int) -> Buffer:
    """A memory alive from `first` to `last` that shrinks by one layer per further size."""
    uses = tuple(
        Use(Tensor(0, label, (size,), 1.0, 0), first + step, min(first + step + 1, last))
        for step, size in enumerate(sizes)
    )
    return Buffer(label, max(sizes), first, last, Storage(uses, "arena"))


def offsets(*buffers: Buffer) -> tuple[int, dict[str, int]]:
    layout = lay_out(buffers)
    return layout.size, {buffer.label: offset for buffer, offset in layout.offsets}


def test_nothing_takes_nothing() -> None:
    assert offsets() == (0, {})


def test_neighbours_lie_at_opposite_ends() -> None:
    buffers = (memory("a", 0, 1, 48), memory("b", 1, 2, 32), memory("c", 2, 3, 16), memory("d", 3, 4, 48))
    size, places = offsets(*buffers)
    assert size == 48 + 32
    assert places == {"a": 0, "b": 48, "c": 0, "d": 32}


def test_sizes_are_rounded_up_to_the_alignment() -> None:
    size, places = offsets(memory("a", 0, 1, 17), memory("b", 1, 2, 1))
    assert (size, places) == (48, {"a": 0, "b": 32})


def test_what_never_meets_shares_the_bottom() -> None:
    size, places = offsets(memory("a", 0, 1, 64), memory("b", 5, 6, 48))
    assert (size, places) == (64, {"a": 0, "b": 0})


def test_a_memory_that_shrinks_is_put_at_the_bottom() -> None:
    """b goes from 96 to 16 bytes in layer 2; c takes the rest of them in layer 3."""
    size, places = offsets(memory("a", 0, 1, 16), memory("b", 1, 3, 96, 16), memory("c", 3, 4, 96))
    assert size == 112
    assert places == {"a": 96, "b": 0, "c": 16}


def test_a_workspace_follows_what_is_at_the_bottom() -> None:
    size, places = offsets(memory("a", 0, 1, 32), memory("b", 1, 2, 32), Buffer("work", 20, 1, 1))
    assert (size, places) == (96, {"a": 0, "b": 64, "work": 32})


def test_a_workspace_alone() -> None:
    assert offsets(Buffer("work", 20, 1, 1)) == (32, {"work": 0})
