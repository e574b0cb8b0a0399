"""Where the buffers of a schedule lie: each in the first region of RAM that can take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.plan.arena import ALIGNMENT, Buffer, Layout, lay_out
from edgel3_deploy.plan.group import Group, ring_bytes
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.storage import Storage, Use


@dataclass(frozen=True)
class Place:
    """A buffer: bytes [offset, offset + size) of the arena in `region`, in use from group first to last."""

    label: str
    region: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Places:
    """The buffers of all groups, as `Schedule` holds them, and the bytes of each region's arena."""

    maps: tuple[Place | None, ...]
    rings: tuple[tuple[Place, ...], ...]
    scratch: tuple[Place | None, ...]
    products: tuple[Place | None, ...]
    maxima: tuple[Place | None, ...]
    arenas: Mapping[str, int]


def place(groups: Sequence[Group], free: Mapping[str, int], main: str) -> Places | None:
    """Places for the groups' buffers in regions of `free` bytes; None if they do not fit.

    Scratch and maxima, which every unit uses, go to `main` where it can take them; then the largest buffers
    choose first, in the order of `free`.
    """
    layouts = _assigned(_buffers(groups), free, main)
    if layouts is None:
        return None
    found = {
        buffer.label: Place(buffer.label, region, offset, buffer.bytes, buffer.first, buffer.last)
        for region, layout in layouts.items()
        for buffer, offset in layout.offsets
    }
    every = range(len(groups))
    return Places(
        maps=tuple(found.get(_label(index, "map")) for index in every),
        rings=tuple(
            tuple(found[_label(index, f"ring {ring}")] for ring in range(len(members.buffers)))
            for index, members in enumerate(groups)
        ),
        scratch=tuple(found.get(_label(index, "scratch")) for index in every),
        products=tuple(found.get(_label(index, "products")) for index in every),
        maxima=tuple(found.get(_label(index, "maxima")) for index in every),
        arenas={region: layout.size for region, layout in layouts.items()},
    )


def padded(size: int) -> int:
    """`size` rounded up to the alignment of buffers in an arena."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _label(group: int, what: str) -> str:
    return f"group {group}'s {what}"


def _buffers(groups: Sequence[Group]) -> list[Buffer]:
    """In the order in which they choose."""
    hot: list[Buffer] = []
    others: list[Buffer] = []
    for index, members in enumerate(groups):
        for what, size in (("scratch", members.scratch), ("maxima", members.maxima_bytes)):
            if size:
                hot.append(Buffer(_label(index, what), size, index, index))
        if members.products:
            others.append(Buffer(_label(index, "products"), members.products, index, index))
        for ring, size in enumerate(members.buffers):
            others.append(Buffer(_label(index, f"ring {ring}"), size, index, index))
        if index < len(groups) - 1:
            last = members.steps[-1]
            size = ring_bytes(last, last.output_shape[0])
            others.append(Buffer(_label(index, "map"), size, index, index + 1, _storage(last, index)))
    return [*hot, *sorted(others, key=lambda buffer: (-buffer.bytes, buffer.first))]


def _storage(step: Step, index: int) -> Storage:
    """The memory of a step's whole output, alive from its group to the next."""
    tensor: Tensor = step.layers[-1].output
    return Storage((Use(tensor, index, index + 1),), "arena")


def _assigned(buffers: Sequence[Buffer], free: Mapping[str, int], main: str) -> dict[str, Layout] | None:
    """Each buffer in the first region whose arena can take it too; None if one fits nowhere."""
    held: dict[str, list[Buffer]] = {name: [] for name in free}
    for buffer in buffers:
        hot = buffer.label.endswith(("scratch", "maxima"))
        order = sorted(free, key=lambda name: name != main) if hot else list(free)
        region = next((name for name in order if lay_out([*held[name], buffer]).size <= free[name]), None)
        if region is None:
            return None
        held[region].append(buffer)
    return {name: lay_out(members) for name, members in held.items()}
