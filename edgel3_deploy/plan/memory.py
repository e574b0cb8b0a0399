"""Memory plan: where each activation lives while it is alive."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.plan.front_end import FrontEndMemory


@dataclass(frozen=True)
class Placement:
    """One buffer: bytes [offset, offset + size) of the arena in `region`.

    It is alive from layer `first` to layer `last` inclusive.
    """

    tensor: int
    label: str
    region: str
    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryPlan:
    """`placements` covers every activation but the network's input and output, which the caller owns.

    `arenas` gives bytes per region; `live_bytes` the bytes alive during each layer (one entry per layer,
    caller's input and output included); `scratch` holds per-layer kernel workspaces as placements of their
    own, whose `tensor` is -1. `front_end` is the memory of the one in the image, None without one.
    """

    placements: tuple[Placement, ...]
    scratch: tuple[Placement, ...]
    arenas: tuple[tuple[str, int], ...]
    live_bytes: tuple[int, ...]
    front_end: FrontEndMemory | None = None

    @property
    def peak_layer(self) -> int:
        """Index of the layer with the most bytes alive."""
        return max(range(len(self.live_bytes)), key=self.live_bytes.__getitem__)
