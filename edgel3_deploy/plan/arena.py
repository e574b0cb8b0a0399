"""One region's arena: which buffers share it, and at which offsets.

A network is a chain: at most two memories and one layer's workspaces are alive at a time. Neighbours in it
lie at opposite ends of the arena, the workspaces between them: the arena is as small as its peak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgel3_deploy.plan.memory import Placement
from edgel3_deploy.plan.storage import Storage

ALIGNMENT = 16


@dataclass(frozen=True)
class Buffer:
    """What is placed as one piece: a memory of the chain, or workspace of one layer if `storage` is None."""

    label: str
    bytes: int
    first: int
    last: int
    storage: Storage | None = None

    @property
    def size(self) -> int:
        """Bytes, rounded up to the alignment."""
        return _align(self.bytes)

    def held(self, layer: int) -> int:
        """`size` during the buffer's life, else 0."""
        return self.size if self.first <= layer <= self.last else 0

    def placements(self, region: str, offset: int) -> Iterable[Placement]:
        """One placement per tensor, or the workspace's."""
        if self.storage is None:
            yield Placement(-1, self.label, region, offset, self.bytes, self.first, self.last)
            return
        for use in self.storage.uses:
            tensor = use.tensor
            yield Placement(tensor.index, tensor.name, region, offset, tensor.size, use.first, use.last)


@dataclass(frozen=True)
class Layout:
    """The bytes an arena takes and an offset for each buffer."""

    size: int
    offsets: tuple[tuple[Buffer, int], ...]


def lay_out(buffers: Iterable[Buffer]) -> Layout:
    """Offsets for buffers that share an arena."""
    everything = sorted(buffers, key=lambda buffer: buffer.first)
    workspaces = [buffer for buffer in everything if buffer.storage is None]
    chain = [buffer for buffer in everything if buffer.storage is not None]
    bottom, top = chain[::2], chain[1::2]
    size = _peak(everything)
    offsets = [(buffer, 0) for buffer in bottom]
    offsets += [(buffer, size - buffer.size) for buffer in top]
    taken: dict[int, int] = {}
    for buffer in workspaces:
        offset = taken.get(buffer.first, sum(low.held(buffer.first) for low in bottom))
        offsets.append((buffer, offset))
        taken[buffer.first] = offset + buffer.size
    return Layout(size, tuple(offsets))


def _peak(buffers: Sequence[Buffer]) -> int:
    """Bytes that the busiest layer needs."""
    layers = range(max((buffer.last for buffer in buffers), default=-1) + 1)
    return max((sum(buffer.held(layer) for buffer in buffers) for layer in layers), default=0)


def _align(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
