"""Places every activation and workspace of a network into a board's RAM.

The network is a chain, so at most two memories and one workspace are alive at a time. An arena can therefore
be as small as its peak: neighbours in the chain lie at opposite ends of it, and the workspace between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.storage import Storage, live_bytes, storages

ALIGNMENT = 16
RESERVE = 8 * 1024
"""Bytes of the main RAM kept for the firmware's own data and bss."""


def plan_memory(
    network: Network,
    board: Board,
    *,
    scratch: Mapping[int, int] | None = None,
    in_place_pooling: bool = True,
) -> MemoryPlan:
    """Place the activations of `network`, and `scratch` bytes by layer index, into the RAM of `board`.

    Regions fill in the board's order, fastest first: workspaces, then memories, those of the tightest peak
    first. What does not fit one region goes to the next. The same arguments give the same plan.
    Raises OverBudgetError that names the buffer and the bytes missing when no region can hold it.
    """
    workspaces = {index: size for index, size in sorted((scratch or {}).items()) if size}
    memories = storages(network, in_place_pooling=in_place_pooling)
    alive = live_bytes(network, memories, workspaces)
    owned = [_Buffer.of_storage(network, memory) for memory in memories if memory.owner == "arena"]
    needed = [_Buffer.of_scratch(network, index, size) for index, size in workspaces.items()]
    arenas = [
        _Arena(name, capacity, len(network.layers)) for name, capacity in capacities(network, board).items()
    ]
    for buffer in [*needed, *sorted(owned, key=lambda buffer: buffer.urgency(alive))]:
        _assign(buffer, arenas, board)
    placed = [placement for arena in arenas for placement in arena.place()]
    placed.sort(key=lambda placement: (placement.first, placement.last, placement.tensor))
    return MemoryPlan(
        placements=tuple(placement for placement in placed if placement.tensor >= 0),
        scratch=tuple(placement for placement in placed if placement.tensor < 0),
        arenas=tuple((arena.name, arena.peak) for arena in arenas if arena.peak),
        live_bytes=alive,
    )


def capacities(network: Network, board: Board) -> dict[str, int]:
    """Bytes that a plan may use of each RAM region, in placement order.

    The main RAM also holds the stack, the firmware's data and the caller's copies of the network's input and
    output.
    """
    taken = {board.main_ram: board.stack_size + RESERVE + network.input.size + network.output.size}
    return {region.name: max(region.size - taken.get(region.name, 0), 0) for region in board.ram}


@dataclass(frozen=True)
class _Buffer:
    """What is placed as one piece: a memory of the chain, or a layer's workspace if `storage` is None."""

    label: str
    bytes: int
    first: int
    last: int
    storage: Storage | None = None

    @staticmethod
    def of_storage(network: Network, storage: Storage) -> _Buffer:
        label = f"{network.layers[storage.first].name}'s output"
        return _Buffer(label, storage.size, storage.first, storage.last, storage)

    @staticmethod
    def of_scratch(network: Network, index: int, size: int) -> _Buffer:
        return _Buffer(f"{network.layers[index].name}'s scratch", size, index, index)

    @property
    def size(self) -> int:
        """Bytes, rounded up to the alignment."""
        return -(-self.bytes // ALIGNMENT) * ALIGNMENT

    @property
    def lifetime(self) -> range:
        return range(self.first, self.last + 1)

    def urgency(self, alive: Sequence[int]) -> tuple[int, int, int]:
        """Sorts buffers of the tightest peak first, then large ones."""
        return (-max(alive[layer] for layer in self.lifetime), -self.size, self.first)

    def placements(self, region: str, offset: int) -> Iterable[Placement]:
        """One placement per tensor, or the workspace's."""
        if self.storage is None:
            yield Placement(-1, self.label, region, offset, self.bytes, self.first, self.last)
            return
        for use in self.storage.uses:
            yield Placement(
                use.tensor.index, use.tensor.name, region, offset, use.tensor.size, use.first, use.last
            )


@dataclass
class _Arena:
    """A region being filled: `load` holds the bytes alive in it during each layer."""

    name: str
    capacity: int
    layers: int
    buffers: list[_Buffer] = field(default_factory=list)
    load: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.load = [0] * self.layers

    @property
    def peak(self) -> int:
        return max(self.load)

    def missing(self, buffer: _Buffer) -> int:
        """Bytes by which `buffer` does not fit; 0 or less if it does."""
        return max(self.load[layer] for layer in buffer.lifetime) + buffer.size - self.capacity

    def add(self, buffer: _Buffer) -> None:
        self.buffers.append(buffer)
        for layer in buffer.lifetime:
            self.load[layer] += buffer.size

    def place(self) -> Iterable[Placement]:
        """Offsets for all buffers: a memory at the bottom, its neighbour at the top, and so on."""
        bottom = [0] * self.layers
        previous: _Buffer | None = None
        low = False
        for buffer in sorted((b for b in self.buffers if b.storage), key=lambda b: b.first):
            low = not low if previous and previous.last >= buffer.first else True
            if low:
                for layer in buffer.lifetime:
                    bottom[layer] = buffer.size
            yield from buffer.placements(self.name, 0 if low else self.peak - buffer.size)
            previous = buffer
        for workspace in (b for b in self.buffers if b.storage is None):
            yield from workspace.placements(self.name, bottom[workspace.first])


def _assign(buffer: _Buffer, arenas: Sequence[_Arena], board: Board) -> None:
    """Give the buffer to the first region that can hold it for its whole life."""
    for arena in arenas:
        if arena.missing(buffer) <= 0:
            arena.add(buffer)
            return
    nearest = min(arenas, key=lambda arena: arena.missing(buffer))
    raise OverBudgetError(
        f"{buffer.label} of {buffer.bytes:,} bytes fits no RAM region of {board.name}: "
        f"the best, {nearest.name}, lacks {nearest.missing(buffer):,} bytes",
        "Choose a smaller model or a board with more RAM.",
    )
