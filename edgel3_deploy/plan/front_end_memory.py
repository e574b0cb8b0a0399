"""Where the front end has its state: in RAM of its own, or in the network's between two inferences."""

from __future__ import annotations

from collections.abc import Mapping

from edgel3_deploy.audio.frontend import L3, FrontEnd
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import FrontEndMemory, front_end_bytes, image_front_end
from edgel3_deploy.plan.place import padded

Held = tuple[FrontEndMemory | None, dict[str, int]]
"""A front end's memory, None without one, and the bytes of each region's arena with it."""


def front_end_memories(
    network: Network, arenas: Mapping[str, int], free: Mapping[str, int], *, most: int, most_own: int
) -> tuple[Held, ...]:
    """Where the front end's state can lie beside `arenas` in regions of `free` bytes; empty if nowhere.

    RAM of its own, behind the buffers in the first region that has it, comes first. What can do without, the
    front end l3, gets it only within `most_own` bytes of all arenas, and may share the network's. All arenas
    take at most `most`.
    """
    sizes = image_front_end(network)
    if sizes is None:
        return ((None, dict(arenas)),)
    own, shared = _own(sizes, arenas, free), None
    if may_share(sizes):
        shared = _shared(sizes, arenas, free)
        most_own = min(most_own, most)
    else:
        most_own = most
    limited = ((own, most_own), (shared, most))
    return tuple(held for held, limit in limited if held is not None and _sum(held[1]) <= limit)


def may_share(sizes: FrontEnd) -> bool:
    """Whether the front end may do with one window at a time, for so large a stream."""
    return sizes is L3


def least_front_end_bytes(network: Network) -> tuple[int, int]:
    """The least bytes of an image's RAM that are the front end's own, and that it shares with the network."""
    sizes = image_front_end(network)
    if sizes is None:
        return 0, 0
    size = padded(front_end_bytes(sizes, streams=not may_share(sizes)))
    return (0, size) if may_share(sizes) else (size, 0)


def _own(sizes: FrontEnd, arenas: Mapping[str, int], free: Mapping[str, int]) -> Held | None:
    size = front_end_bytes(sizes, streams=True)
    for region, room in free.items():
        offset = padded(arenas.get(region, 0))
        if offset + padded(size) <= room:
            memory = FrontEndMemory(region, offset, size, streams=True)
            return memory, {**arenas, region: offset + padded(size)}
    return None


def _shared(sizes: FrontEnd, arenas: Mapping[str, int], free: Mapping[str, int]) -> Held | None:
    """In the region whose arena has to grow least."""
    size = front_end_bytes(sizes, streams=False)
    roomy = [region for region, room in free.items() if padded(size) <= room]
    if not roomy:
        return None
    region = min(roomy, key=lambda name: max(padded(size) - arenas.get(name, 0), 0))
    grown = max(arenas.get(region, 0), padded(size))
    return FrontEndMemory(region, 0, size, streams=False), {**arenas, region: grown}


def _sum(arenas: Mapping[str, int]) -> int:
    return sum(padded(size) for size in arenas.values())
