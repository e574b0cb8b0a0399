"""Offsets within one arena."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.plan.arena import Buffer, lay_out
from edgel3_deploy.plan.storage import Storage, Use


def memory(label: str, first: int, last: int, size: int) -> Buffer:
    """A memory of `size` bytes alive from `first` to `last`."""
    use = Use(Tensor(0, label, (size,), 1.0, 0), first, last)
    return Buffer(label, size, first, last, Storage((use,), "arena"))


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


def test_what_never_meets_shares_memory() -> None:
    size, places = offsets(memory("a", 0, 1, 64), memory("b", 5, 6, 48))
    assert (size, places) == (64, {"a": 0, "b": 16})


def test_a_workspace_follows_what_is_at_the_bottom() -> None:
    size, places = offsets(memory("a", 0, 1, 32), memory("b", 1, 2, 32), Buffer("work", 20, 1, 1))
    assert (size, places) == (96, {"a": 0, "b": 64, "work": 32})


def test_workspaces_of_one_layer_lie_side_by_side() -> None:
    size, places = offsets(memory("a", 0, 1, 32), Buffer("work", 20, 1, 1), Buffer("more", 16, 1, 1))
    assert (size, places) == (80, {"a": 0, "work": 32, "more": 64})


def test_a_workspace_alone() -> None:
    assert offsets(Buffer("work", 20, 1, 1)) == (32, {"work": 0})
