"""One region's arena: which buffers share it, and at which offsets.

A network is a chain: at most two memories and one workspace are alive at a time. Neighbours in it lie at
opposite ends of the arena, the workspace between them: the arena is as small as its peak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgel3_deploy.plan.memory import Placement
from edgel3_deploy.plan.storage import Storage

ALIGNMENT = 16


@dataclass(frozen=True)
class Buffer:
    """What is placed as one piece: a memory of the chain, or a layer's workspace if `storage` is None."""

    label: str
    bytes: int
    first: int
    last: int
    storage: Storage | None = None

    @property
    def size(self) -> int:
        """Bytes, rounded up to the alignment."""
        return _align(self.bytes)

    def live(self, layer: int) -> int:
        """Bytes in use during `layer`, counted from the buffer's start and rounded up to the alignment."""
        if self.storage is not None:
            return _align(self.storage.live_bytes(layer))
        return self.size if layer == self.first else 0

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
    """Offsets for buffers that share an arena.

    A memory that shrinks (pooling in place) frees its rest at once at the bottom, not at the top, where
    its start is away from the end. Each run of neighbours begins at the end that needs fewer bytes.
    """
    everything = sorted(buffers, key=lambda buffer: buffer.first)
    workspaces = [buffer for buffer in everything if buffer.storage is None]
    bottom: list[Buffer] = []
    top: list[Buffer] = []
    for run in _runs([buffer for buffer in everything if buffer.storage is not None]):
        even, odd = run[::2], run[1::2]
        if _peak(even, odd, workspaces) > _peak(odd, even, workspaces):
            even, odd = odd, even
        bottom += even
        top += odd
    size = _peak(bottom, top, workspaces)
    offsets = [(buffer, 0) for buffer in bottom]
    offsets += [(buffer, size - buffer.size) for buffer in top]
    offsets += [(buffer, sum(low.live(buffer.first) for low in bottom)) for buffer in workspaces]
    return Layout(size, tuple(offsets))


def _runs(chain: Sequence[Buffer]) -> Iterable[list[Buffer]]:
    """Maximal groups of buffers, each alive together with the next."""
    run: list[Buffer] = []
    for buffer in chain:
        if run and run[-1].last < buffer.first:
            yield run
            run = []
        run.append(buffer)
    if run:
        yield run


def _peak(bottom: Sequence[Buffer], top: Sequence[Buffer], workspaces: Sequence[Buffer]) -> int:
    """Bytes that the busiest layer needs."""
    ends = [buffer.last for buffer in (*bottom, *top, *workspaces)]
    return max(
        (
            sum(buffer.live(layer) for buffer in (*bottom, *workspaces))
            + sum(buffer.held(layer) for buffer in top)
            for layer in range(max(ends, default=-1) + 1)
        ),
        default=0,
    )


def _align(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
