"""Places every activation and workspace of a network into a board's RAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import mailbox_size
from edgel3_deploy.plan.application_data import application_data, application_region
from edgel3_deploy.plan.arena import Buffer, lay_out
from edgel3_deploy.plan.dma import dma_bytes
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.front_end_memory import front_end_memories
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.place import padded
from edgel3_deploy.plan.sensor import sensor_ram
from edgel3_deploy.plan.storage import live_bytes, storages

RESERVE = 8 * 1024
"""Bytes of the main RAM kept for the firmware's own data and bss."""


def plan_memory(
    network: Network,
    board: Board,
    *,
    scratch: Mapping[int, int] | None = None,
) -> MemoryPlan:
    """Place the activations of `network`, and `scratch` bytes by layer index, into the RAM of `board`.

    Regions fill in the board's order, fastest first: workspaces, then memories, the tightest peak first. What
    does not fit one region goes to the next. The same arguments give the same plan.
    Raises OverBudgetError that names the buffer and the bytes missing when no region can hold it.
    """
    workspaces = {index: size for index, size in sorted((scratch or {}).items()) if size}
    memories = storages(network)
    alive = live_bytes(network, memories, workspaces)
    names = [layer.name for layer in network.layers]
    buffers = [Buffer(f"{names[index]}'s scratch", size, index, index) for index, size in workspaces.items()]
    owned = [
        Buffer(f"{names[memory.first]}'s output", memory.size, memory.first, memory.last, memory)
        for memory in memories
        if memory.owner == "arena"
    ]
    buffers += sorted(owned, key=lambda buffer: _urgency(buffer, alive))
    layouts = {name: lay_out(held) for name, held in _assign(buffers, network, board).items()}
    front_end, arenas = place_front_end(
        network, board, {name: layout.size for name, layout in layouts.items()}
    )
    placed = [
        placement
        for name, layout in layouts.items()
        for buffer, offset in layout.offsets
        for placement in buffer.placements(name, offset)
    ]
    placed.sort(key=lambda placement: (placement.first, placement.last, placement.tensor))
    return MemoryPlan(
        placements=tuple(placement for placement in placed if placement.tensor >= 0),
        scratch=tuple(placement for placement in placed if placement.tensor < 0),
        arenas=tuple((name, size) for name, size in arenas.items() if size),
        live_bytes=alive,
        front_end=front_end,
    )


def place_front_end(
    network: Network, board: Board, arenas: Mapping[str, int], *, may_share: bool = True
) -> tuple[FrontEndMemory | None, dict[str, int]]:
    """The front end's memory beside `arenas`, and the bytes of each region's arena with it.

    Without `may_share` the network never gives up its own. Raises OverBudgetError if no region can hold it.
    """
    free = capacities(network, board)
    room = sum(free.values())
    for memory, grown in front_end_memories(network, arenas, free, most=room, most_own=room):
        if memory is None or memory.streams or may_share:
            return memory, grown
    raise OverBudgetError(
        f"the front end of {network.name} fits no RAM region of {board.name} beside the network",
        "Build with --no-front-end, or choose a smaller model or a board with more RAM.",
    )


def capacities(network: Network, board: Board) -> dict[str, int]:
    """Bytes that a plan may use of each RAM region, in placement order.

    The main RAM also holds the stack, the firmware's data, the caller's input and output tensors, and the
    mailbox; `application_region` the application's data. What DMA controllers write has its region for
    itself.
    """
    tensors = network.input.size + network.output.size
    taken = {board.main_ram: board.stack_size + RESERVE + tensors + mailbox_size(board)}
    region = application_region(network, board)
    if region == board.main_ram:
        taken[region] += sensor_ram(network, board)
    else:
        taken[region] = padded(application_data(network, board))
    if not board.dma_ram:
        taken[board.main_ram] += dma_bytes(network, board)
    return {
        region.name: max(region.size - taken.get(region.name, 0), 0)
        for region in board.ram
        if region.name != board.dma_ram
    }


def _urgency(buffer: Buffer, alive: Sequence[int]) -> tuple[int, int, int]:
    """Sorts buffers of the tightest peak first, then large ones."""
    return (-max(alive[buffer.first : buffer.last + 1]), -buffer.size, buffer.first)


def _assign(buffers: Sequence[Buffer], network: Network, board: Board) -> dict[str, list[Buffer]]:
    """Give each buffer to the first region whose arena can take it too."""
    limits = capacities(network, board)
    held: dict[str, list[Buffer]] = {name: [] for name in limits}
    for buffer in buffers:
        missing = {name: lay_out([*held[name], buffer]).size - limit for name, limit in limits.items()}
        fitting = [name for name, excess in missing.items() if excess <= 0]
        if not fitting:
            nearest = min(missing, key=missing.__getitem__)
            raise OverBudgetError(
                f"{buffer.label} of {buffer.bytes:,} bytes fits no RAM region of {board.name}: "
                f"the best, {nearest}, lacks {missing[nearest]:,} bytes",
                "Choose a smaller model or a board with more RAM.",
            )
        held[fitting[0]].append(buffer)
    return held
