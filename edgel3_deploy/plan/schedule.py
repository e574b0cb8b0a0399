"""The schedule of a network on a board: kernels, strips, and where every buffer lies."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Literal

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError, OverBudgetError
from edgel3_deploy.graph.ir import Network, Tensor
from edgel3_deploy.image.layout import FlashLayout, flash_layout, image_limit
from edgel3_deploy.plan.arena import Buffer, Layout, lay_out
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.group import Group, group, ring_bytes
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.search import Option, choose, options
from edgel3_deploy.plan.storage import Storage, Use

STORED_SHARE = 1.5
"""How much flash the balanced goal spends on constants, against int8 weights alone."""
INT8_SHARE = 1.02
"""The same for the goal size: int8 weights and what the kernels' layouts add."""
CODE_RESERVE = 41 * 1024
"""Bytes of an image that constants leave to code and C library; a tenth of what there is if that is less."""
SIZE_INSTRUCTIONS_PER_MAC = 1.7
"""The goal size takes the least RAM at which no more instructions are needed: CMSIS-NN takes 1.86."""


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
class Resident:
    """RAM of its own that is filled at start with what step number `step` would else make again and again.

    `what`: the lists of its first `channels` output channels decoded to taps, or their weights transformed.
    `saves`: modelled instructions of an inference, by which the choice was made.
    """

    step: int
    what: Literal["lists", "weights"]
    channels: int
    place: Place
    saves: int


@dataclass(frozen=True)
class Schedule:
    """Groups in order of execution with their buffers.

    `maps` has, per group, where the whole map behind it lies: None for the network's output, which the caller
    owns. Per group, too: `rings`, a place for each of `Group.buffers`; `scratch`, None if it needs none;
    `maxima`, None if it has none. `residents` are never written again after the start, and share no memory.
    `instructions` is modelled, not measured. `reason` says in words what the choice was made for.
    """

    goal: Goal
    groups: tuple[Group, ...]
    maps: tuple[Place | None, ...]
    rings: tuple[tuple[Place, ...], ...]
    scratch: tuple[Place | None, ...]
    maxima: tuple[Place | None, ...]
    residents: tuple[Resident, ...]
    arenas: tuple[tuple[str, int], ...]
    instructions: int
    reason: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return tuple(step for members in self.groups for step in members.steps)

    @property
    def constant_bytes(self) -> int:
        """Bytes of packed constants in flash."""
        return sum(step.constant_bytes for step in self.steps)

    @property
    def arena_bytes(self) -> int:
        """Bytes of all arenas."""
        return sum(size for _, size in self.arenas)


@dataclass(frozen=True)
class _Attempt:
    """Limits to choose within: RAM of `regions`, bytes of constants, and what to tell people about them."""

    regions: tuple[str, ...]
    flash: int
    reason: str


def schedule(
    network: Network,
    board: Board,
    goal: Goal = "balanced",
    found: tuple[Option, ...] | None = None,
    *,
    layout: FlashLayout | None = None,
) -> Schedule:
    """The schedule of `network` on `board` for a goal; the same arguments give the same schedule.

    speed: fewest instructions within the board's flash and RAM. balanced: the same within the board's main
    RAM and STORED_SHARE times the flash of int8 weights, or all RAM if that cannot be. size: the least RAM
    that keeps to SIZE_INSTRUCTIONS_PER_MAC, with int8 weights and the kernels of the least code. `found` are
    the network's options where they are known. `layout` says how much of the flash the image may take; by
    default it is the board's usual one. Raises OverBudgetError if nothing fits the board, BadInputError for a
    network of reshapes alone.
    """
    if not operations(network):
        raise BadInputError(
            f"{network.name}: no layer computes anything",
            "Use the runtime cmsis-nn, or a model with operators.",
        )
    free = capacities(network, board)
    flash = constants_limit(board, layout)
    weights = sum(layer.constant_bytes for layer in network.layers)
    stored = min(flash, int(weights * STORED_SHARE))
    everywhere = tuple(free)
    attempts = {
        "speed": [
            _Attempt(everywhere, flash, f"the fewest instructions that {board.name} has flash and RAM for")
        ],
        "balanced": [
            _Attempt((board.main_ram,), stored, f"the fewest instructions with all RAM in {board.main_ram}"),
            _Attempt(everywhere, stored, f"the fewest instructions; {board.main_ram} alone is too small"),
            _Attempt(everywhere, flash, "the fewest instructions; padding outweighs the few constants"),
        ],
        "size": [
            _Attempt(everywhere, min(flash, int(weights * INT8_SHARE)), "the least RAM, weights int8"),
            _Attempt(everywhere, flash, "the least RAM; padding outweighs the few constants"),
        ],
    }
    if goal == "size":
        # The Winograd kernels' own code is larger than what CMSIS-NN's image has to spare.
        found = options(network, winograd=False)
    elif found is None:
        found = options(network)
    for attempt in attempts[goal]:
        limit = sum(free[region] for region in attempt.regions)
        if goal == "size":
            limit = min(limit, _least_ram(network, found, attempt.flash))
        chosen = _placed(network, board, goal, found, attempt=attempt, limit=limit)
        if chosen is not None:
            return chosen
    raise OverBudgetError(
        f"{network.name} does not fit {board.name} in any schedule of the native kernels",
        "Choose a smaller model, another goal, or a board with more flash and RAM.",
    )


def constants_limit(board: Board, layout: FlashLayout | None = None) -> int:
    """The most bytes of constants in an image: what a slot holds, and the code leaves."""
    room = image_limit(board, layout or flash_layout(board))
    return room - min(CODE_RESERVE, room // 10)


def _least_ram(network: Network, found: tuple[Option, ...], flash: int) -> int:
    """The smallest RAM with a way of at most SIZE_INSTRUCTIONS_PER_MAC; without one, that of any way."""
    limits = sorted({option.ram for option in found})
    allowed = int(network.macs * SIZE_INSTRUCTIONS_PER_MAC)

    def fits(most: float, limit: int) -> bool:
        way = choose(found, len(operations(network)), limit, flash)
        return way is not None and sum(option.instructions for option in way) <= most

    for most in (allowed, inf):
        position = bisect_left(limits, True, key=partial(fits, most))
        if position < len(limits):
            return limits[position]
    return limits[-1]


def frugal(network: Network) -> tuple[Option, ...]:
    """The way with the least RAM, whatever board it may fit: without Winograd, thus with int8 weights."""
    plain = options(network, winograd=False)
    limits = sorted({option.ram for option in plain})
    end = len(operations(network))
    least = limits[bisect_left(limits, True, key=lambda limit: choose(plain, end, limit, None) is not None)]
    way = choose(plain, end, least, None)
    assert way is not None
    return way


def _placed(
    network: Network, board: Board, goal: Goal, found: tuple[Option, ...], *, attempt: _Attempt, limit: int
) -> Schedule | None:
    """The best way whose buffers can be laid out in the attempt's regions; None if there is none."""
    free = {name: size for name, size in capacities(network, board).items() if name in attempt.regions}
    while limit >= 0:
        way = choose(found, len(operations(network)), limit, attempt.flash)
        if way is None:
            return None
        groups = tuple(group(option.steps) for option in way)
        held = _assigned(_buffers(groups), free)
        if held is not None:
            return _schedule(goal, groups, held, sum(option.instructions for option in way), attempt.reason)
        limit = max(option.ram for option in way) - 1
    return None


def _buffers(groups: tuple[Group, ...]) -> list[Buffer]:
    """A workspace per group (rings, then scratch), then the whole maps between groups, largest first."""
    workspaces = [
        Buffer(f"group {index}", members.inner_bytes + members.scratch, index, index)
        for index, members in enumerate(groups)
        if members.inner_bytes + members.scratch
    ]
    maps = [
        Buffer(last.name, ring_bytes(last, last.output_shape[0]), index, index + 1, _storage(last, index))
        for index, members in enumerate(groups[:-1])
        for last in members.steps[-1:]
    ]
    return [*workspaces, *sorted(maps, key=lambda buffer: (-buffer.bytes, buffer.first))]


def _storage(step: Step, index: int) -> Storage:
    """The memory of a step's whole output, alive from its group to the next."""
    tensor: Tensor = step.layers[-1].output
    return Storage((Use(tensor, index, index + 1),), "arena")


def _assigned(buffers: list[Buffer], free: Mapping[str, int]) -> dict[str, Layout] | None:
    """Each buffer in the first region whose arena can take it too; None if one fits nowhere."""
    held: dict[str, list[Buffer]] = {name: [] for name in free}
    for buffer in buffers:
        region = next((name for name in free if lay_out([*held[name], buffer]).size <= free[name]), None)
        if region is None:
            return None
        held[region].append(buffer)
    return {name: lay_out(members) for name, members in held.items()}


def _schedule(
    goal: Goal, groups: tuple[Group, ...], held: Mapping[str, Layout], instructions: int, reason: str
) -> Schedule:
    places = {
        (buffer.first, buffer.storage is None): Place(
            buffer.label, region, offset, buffer.bytes, buffer.first, buffer.last
        )
        for region, layout in held.items()
        for buffer, offset in layout.offsets
    }
    return Schedule(
        goal=goal,
        groups=groups,
        maps=tuple(places.get((index, False)) for index in range(len(groups))),
        workspaces=tuple(places.get((index, True)) for index in range(len(groups))),
        arenas=tuple((region, layout.size) for region, layout in held.items() if layout.size),
        instructions=instructions,
        reason=reason,
    )
