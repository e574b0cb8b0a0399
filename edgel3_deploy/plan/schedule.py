"""The schedule of a network on a board: kernels, strips, lists, and where every buffer lies."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError, OverBudgetError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.image.layout import FlashLayout
from edgel3_deploy.plan.arrangement import Arrangement, arrangements
from edgel3_deploy.plan.attempts import INT8_SHARE, LEAST_SAVED_PER_BYTE, Attempt, Task, rivals
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.code_sizes import code_bytes
from edgel3_deploy.plan.dma import microphone_ring
from edgel3_deploy.plan.front_end import (
    FrontEndMemory,
    front_end_flash,
    image_front_end,
    without_front_end,
)
from edgel3_deploy.plan.front_end_memory import may_share
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.head_bytes import NO_HEAD, HeadBytes
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.least_ram import least_arenas
from edgel3_deploy.plan.limits import arenas_limit, beside_arenas, constants_limit
from edgel3_deploy.plan.list_choice import by_use, choose_lists, with_lists
from edgel3_deploy.plan.measure import Measure, group_costs
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.place import Place
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.ram_bound import buffers_fit
from edgel3_deploy.plan.resident import Resident, choose_residents, list_candidates, resident_channels
from edgel3_deploy.plan.resident_weights import weight_candidates, with_weights
from edgel3_deploy.plan.search import choose, few_options, options
from edgel3_deploy.plan.sensor import sensor_flash, sensor_ram

__all__ = [
    "APPLICATION_SHARE",
    "SIZE_INSTRUCTIONS_PER_MAC",
    "Place",
    "Resident",
    "Schedule",
    "enough_ram",
    "frugal",
    "least_ram_limits",
    "schedule",
]

SIZE_INSTRUCTIONS_PER_MAC = 1.7
"""The goal size takes the least RAM at which no more instructions are needed: CMSIS-NN takes 1.86."""
APPLICATION_SHARE = 8
"""One part in so many of a board's RAM is left to the application: residents never take it. A sensor that
hears without a gap is part of the application."""


@dataclass(frozen=True)
class Schedule:
    """Groups in order of execution with their buffers.

    `maps` has, per group, where the whole map behind it lies: None for the network's output, which the caller
    owns. Per group, too: `rings`, a place for each of `Group.buffers`; `scratch`, None if it needs none;
    `products`, sums and weights in flight of steps that have them apart, and `maxima`, None if it has none.
    `residents` are never written again after the start, and share no memory. `front_end` is the memory of the
    one in the image, None without one. `instructions` and `cycles` are modelled, not measured; `by` says
    which of them was kept low, `reason` in words what the choice was made for.
    """

    goal: Goal
    groups: tuple[Group, ...]
    maps: tuple[Place | None, ...]
    rings: tuple[tuple[Place, ...], ...]
    scratch: tuple[Place | None, ...]
    products: tuple[Place | None, ...]
    maxima: tuple[Place | None, ...]
    residents: tuple[Resident, ...]
    front_end: FrontEndMemory | None
    arenas: tuple[tuple[str, int], ...]
    instructions: int
    cycles: int
    by: Measure
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
    def flash_bytes(self) -> int:
        """Bytes of packed constants and of the kernels' own code."""
        return self.constant_bytes + code_bytes(self.steps)

    @property
    def arena_bytes(self) -> int:
        """Bytes of all arenas."""
        return sum(size for _, size in self.arenas)


def schedule(
    network: Network,
    board: Board,
    goal: Goal = "balanced",
    found: tuple[Option, ...] | None = None,
    *,
    layout: FlashLayout | None = None,
    ram_limit: int | None = None,
    by: Measure = "instructions",
    head: HeadBytes = NO_HEAD,
    residents: bool = True,
    advise: bool = True,
) -> Schedule:
    """The schedule of `network` on `board` for a goal; the same arguments give the same schedule.

    speed: the least cost within the board's flash and RAM. balanced: the same with scratch in the main RAM,
    if that can be, and within STORED_SHARE (with lists TAPS_SHARE, in strips STRIPS_SHARE) times the flash of
    the weights' smallest form, which is int8, or lists of bytes where these are shorter; a byte of flash must
    save LEAST_SAVED_PER_BYTE. size: the least flash for constants and the kernels' code, to INT8_SHARE; dense
    networks then take the least RAM that keeps to SIZE_INSTRUCTIONS_PER_MAC, sparse ones the least cost.
    RAM that is left is filled at start with what saves work, up to the share of the application: decoded
    lists, and but for the goal size transformed weights; not without `residents`. `ram_limit` bounds all RAM
    of the image, in bytes; `by` is the cost that is kept low. `head` is what a head takes of flash and of
    that RAM.

    `found` are the network's options by the same measure where they are known.
    `layout` says how much of the flash the image may take; by default it is the board's usual one. Raises
    OverBudgetError if nothing fits the board, which says what RAM would do if it should `advise`;
    BadInputError for a network of reshapes alone.
    """
    if not operations(network):
        raise BadInputError(
            f"{network.name}: no layer computes anything",
            "Use the runtime cmsis-nn, or a model with operators.",
        )
    ends = network.input.size + network.output.size
    if ends > arenas_limit(network, board, None if ram_limit is None else ram_limit - head.ram):
        raise OverBudgetError(
            f"{network.name} does not fit {board.name}: input and output alone take {ends:,} bytes of RAM",
            "Choose a model with a smaller input.",
        )
    task = _task(network, board, goal, by, found or (), layout=layout, ram_limit=ram_limit, head=head)
    if found is None and buffers_fit(network, task.ram):
        found = options(network, by=by)
    task = replace(task, found=found or (), residents=residents)
    plans = [plan for attempts in rivals(task) if (plan := _first(task, attempts)) is not None]
    if plans:
        return _best(goal, plans)
    limited = "" if ram_limit is None else f" within {ram_limit:,} bytes of RAM"
    advice = ""
    if ram_limit is not None and advise:
        advice = enough_ram(*_least_ram_limits(replace(task, found=options(network, kernels="plain"))))
    raise OverBudgetError(
        f"{network.name} does not fit {board.name}{limited} in any schedule of the native kernels",
        advice
        or "Choose a smaller or sparser model, or a larger board; edgel3-deploy check says what lacks.",
    )


def can_have_ram(
    network: Network, board: Board, ram_limit: int | None = None, head: HeadBytes = NO_HEAD
) -> bool:
    """Whether there may be a schedule as far as RAM is concerned, which zeros of weights do not change."""
    task = _task(network, board, "balanced", "instructions", (), layout=None, ram_limit=ram_limit, head=head)
    return buffers_fit(network, task.ram)


def can_be_laid_out(network: Network, board: Board, layout: FlashLayout, ram_limit: int | None) -> bool:
    """Whether there is a schedule of few options, which is not looked for any further."""
    task = _task(network, board, "balanced", "instructions", (), layout=layout, ram_limit=ram_limit)
    attempt = Attempt(task.flash, "")
    return task.ram >= 0 and any(
        _placed(replace(task, found=found), attempt) is not None for found in few_options(network)
    )


def enough_ram(least: int | None, plain: int | None = None) -> str:
    """What to do about RAM, as text, where `least` bytes would do for an image, without front end `plain`.

    Both are as `least_ram_limits` gives them.
    """
    if least is None:
        return "" if plain is None else "It would fit without the front end (--no-front-end)."
    other = ""
    if plain is not None and plain < least:
        other = (
            f", or without front end (--no-front-end saves {least - plain:,} bytes) with --ram {_k(plain)}"
        )
    return f"It would fit with --ram {_k(least)}{other}."


def _k(size: int) -> str:
    return f"{-(-size // 1024)}K"


def _task(
    network: Network,
    board: Board,
    goal: Goal,
    by: Measure,
    found: tuple[Option, ...],
    *,
    layout: FlashLayout | None,
    ram_limit: int | None = None,
    head: HeadBytes = NO_HEAD,
) -> Task:
    beside = front_end_flash(network) + sensor_flash(network) + head.flash
    flash = constants_limit(board, layout) - beside
    most = arenas_limit(network, board, None if ram_limit is None else ram_limit - head.ram)
    return Task(network, board, goal, by, found, flash, most)


def least_ram_limits(
    network: Network, board: Board, layout: FlashLayout | None = None
) -> tuple[int | None, int | None]:
    """The least limits of an image's RAM in bytes that a schedule keeps to: with and without its front end.

    None if the board has too little, the second also if the network has no front end. Without Winograd
    kernels, which take more RAM than others.
    """
    found = options(network, kernels="plain")
    return _least_ram_limits(_task(network, board, "balanced", "instructions", found, layout=layout))


def _least_ram_limits(task: Task) -> tuple[int | None, int | None]:
    if image_front_end(task.network) is None:
        return _least_ram_limit(task), None
    flash = task.flash + front_end_flash(task.network) + sensor_flash(task.network)
    plain = replace(task, network=without_front_end(task.network), flash=flash)
    return _least_ram_limit(task), _least_ram_limit(plain)


def _least_ram_limit(task: Task) -> int | None:
    arenas = least_arenas(task)
    return None if arenas is None else arenas + beside_arenas(task.network, task.board)


def frugal(network: Network) -> tuple[Option, ...]:
    """The way with the least flash, then the least RAM, whatever board it may fit: without Winograd."""
    plain = [option._replace(cost=option.flash) for option in options(network, kernels="plain")]
    limits = sorted({option.ram for option in plain})
    end = len(operations(network))

    def flash(limit: int) -> float:
        way = choose(plain, end, limit, None)
        return inf if way is None else sum(option.flash for option in way)

    most = flash(limits[-1]) * INT8_SHARE
    least = bisect_left(limits, True, key=lambda limit: flash(limit) <= most)
    way = choose(plain, end, limits[least], None)
    assert way is not None
    return way


def _best(goal: Goal, plans: Sequence[Schedule]) -> Schedule:
    """The schedule that serves the goal best; the first is the goal's own."""
    if goal == "speed":
        return min(plans, key=_cost)
    if goal == "size":
        return min(plans, key=lambda plan: plan.flash_bytes)
    no_larger = [plan for plan in plans if plan.flash_bytes <= plans[0].flash_bytes]
    return min(no_larger, key=lambda plan: _cost(plan) + LEAST_SAVED_PER_BYTE * plan.flash_bytes)


def _cost(plan: Schedule) -> float:
    return plan.instructions if plan.by == "instructions" else plan.cycles


def _first(task: Task, attempts: Iterable[Attempt]) -> Schedule | None:
    """The schedule of the first attempt that can be laid out; None if none can."""
    plans = (_placed(task, attempt) for attempt in attempts)
    return next((plan for plan in plans if plan is not None), None)


def _least_ram(task: Task, attempt: Attempt, found: Sequence[Option]) -> int:
    """The smallest RAM with a way of at most SIZE_INSTRUCTIONS_PER_MAC; without one, that of any way."""
    limits = sorted({option.ram for option in found})
    allowed = int(task.network.macs * SIZE_INSTRUCTIONS_PER_MAC)

    def fits(most: float, limit: int) -> bool:
        way = choose(found, task.end, limit, attempt.flash)
        return way is not None and sum(option.instructions for option in way) <= most

    for most in (allowed, inf):
        position = bisect_left(limits, True, key=partial(fits, most))
        if position < len(limits):
            return limits[position]
    return limits[-1]


def _placed(task: Task, attempt: Attempt) -> Schedule | None:
    """The best way whose buffers can be laid out; None if there is none."""
    limit, found = task.ram, attempt.choices(task.found)
    if attempt.least_ram:
        way = choose(found, task.end, limit, attempt.flash)
        if way is not None and not any(option.lanes for option in way):
            limit = min(limit, _least_ram(task, attempt, found))
    while limit >= 0:
        way = choose(
            found,
            task.end,
            limit,
            attempt.flash,
            scratch_limit=attempt.hot,
            flash_price=attempt.flash_price,
        )
        if way is None:
            return None
        plan = _with_front_end(task, attempt, tuple(option.members for option in way))
        if plan is not None:
            return plan
        limit = max(option.ram for option in way) - 1
    return None


def _with_front_end(task: Task, attempt: Attempt, groups: tuple[Group, ...]) -> Schedule | None:
    """The schedule of these groups with the front end's memory; None if the limits of RAM leave none.

    Where the front end may share the network's, it has its own only if that costs the network nothing.
    """
    most_own = _residents_limit(task)
    choices = arrangements(task.network, task.board, groups, most=task.most, most_own=most_own)
    plans = [_filled(task, attempt, groups, arrangement) for arrangement in next(choices, ())]
    return next((plan for plan in plans if _no_worse(plan, plans[-1])), None)


def _no_worse(plan: Schedule, than: Schedule) -> bool:
    return (
        plan.instructions <= than.instructions
        and plan.cycles <= than.cycles
        and plan.flash_bytes <= than.flash_bytes
    )


def _filled(task: Task, attempt: Attempt, groups: tuple[Group, ...], arrangement: Arrangement) -> Schedule:
    """The schedule with lists as taps in the flash that is left, and residents in the RAM that is."""
    places = arrangement.places
    plain = tuple(with_lists(members, choose_lists(_sparse(groups), 0)) for members in groups)
    in_strips = any(members.lanes and len(members.lanes.strips) > 1 for members in groups)
    most = attempt.strip_taps if in_strips else attempt.taps
    spare = max(most - sum(step.constant_bytes for members in plain for step in members.steps), 0)
    splits = choose_lists(_sparse(groups), spare)
    # Lists that the flash holds as taps gain no instructions in RAM, only cycles.
    all_taps = all(splits[step.index].taps == step.output_shape[2] for step in _sparse(groups))
    candidates = weight_candidates(groups, task.by) if task.goal != "size" else ()
    if not all_taps or task.by == "cycles":
        candidates += list_candidates(groups, task.by)
    free = capacities(task.network, task.board)
    residents, arenas = choose_residents(
        candidates, arrangement.arenas, free, _residents_limit(task), task.by, groups
    )
    splits = choose_lists(_sparse(groups), spare, resident_channels(residents, "lists"))
    final = tuple(with_weights(with_lists(members, splits), residents) for members in groups)
    return Schedule(
        goal=task.goal,
        groups=final,
        maps=places.maps,
        rings=places.rings,
        scratch=places.scratch,
        products=places.products,
        maxima=places.maxima,
        residents=residents,
        front_end=arrangement.front_end,
        arenas=tuple((region, size) for region, size in arenas.items() if size),
        instructions=sum(sum(group_costs(members)) for members in final),
        cycles=sum(sum(group_costs(members, "cycles")) for members in final),
        by=task.by,
        reason=attempt.reason,
    )


def _residents_limit(task: Task) -> int:
    """Bytes of all arenas with residents: what leaves the application its share of the board's RAM."""
    if not task.residents:
        return 0
    network, board = task.network, task.board
    ram = sum(region.size for region in board.ram)
    sizes, left = image_front_end(network), ram // APPLICATION_SHARE
    if sizes is not None and not may_share(sizes):
        left = max(left - sensor_ram(network, board) - microphone_ring(network, board), 0)
    return min(task.most, ram - left - beside_arenas(network, board))


def _sparse(groups: tuple[Group, ...]) -> tuple[Step, ...]:
    return tuple(step for step, _ in by_use(groups))
