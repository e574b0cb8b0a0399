"""Within which limits each goal looks for a schedule, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.code_sizes import code_bytes
from edgel3_deploy.plan.front_end_memory import least_front_end_bytes
from edgel3_deploy.plan.goal import Goal
from edgel3_deploy.plan.kernel import LANES, WINOGRAD_TILE
from edgel3_deploy.plan.list_sizes import least_constants
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.search import choose

STORED_SHARE = 1.5
"""How much flash the balanced goal spends on constants, against the smallest form of the weights alone."""
TAPS_SHARE = 1.585
"""The same where that form has lists, which grow fourfold as taps."""
STRIPS_SHARE = 2.23
"""The same where little RAM forces strips, each of which meets every list again."""
INT8_SHARE = 1.02
"""How much flash the goal size spends on constants, against the least that any way takes."""
LEAST_SAVED_PER_BYTE = 1.0
"""Modelled cost of an inference that the balanced goal asks of a byte of flash."""
_LARGE = frozenset(WINOGRAD_TILE) | LANES
"""Kernels with much code."""
_FLASH_ALONE = 1e9
"""A price of flash that makes any cost a matter of ties."""


@dataclass(frozen=True)
class Task:
    """What is scheduled, and what for. All in bytes: at most `flash` of constants, `most` of all arenas.

    Only with `residents` is RAM that is left filled.
    """

    network: Network
    board: Board
    goal: Goal
    by: Measure
    found: tuple[Option, ...]
    flash: int
    most: int
    residents: bool = True

    @property
    def end(self) -> int:
        return len(operations(self.network))

    @property
    def ram(self) -> int:
        """The most bytes of all buffers: arenas without what is the front end's alone."""
        own, _ = least_front_end_bytes(self.network)
        return min(sum(capacities(self.network, self.board).values()), self.most) - own


@dataclass(frozen=True)
class Attempt:
    """Limits of bytes to choose within, and what to tell people about them.

    `flash` bounds the constants. Options with a `barred` kernel are not chosen. Lists may become taps within
    `taps` bytes of constants, within `strip_taps` if a group runs in strips. `hot`: the most bytes of
    scratch, so that it lies in the main RAM; None for no limit. `flash_price`: what a byte of flash must
    save. `least_ram`: dense networks take little RAM rather than the least cost.
    """

    flash: int
    reason: str
    taps: int = 0
    strip_taps: int = 0
    barred: frozenset[str] = frozenset()
    hot: int | None = None
    flash_price: float = 0.0
    least_ram: bool = False

    def choices(self, found: Sequence[Option]) -> tuple[Option, ...]:
        """Those of `found` to choose from."""
        return tuple([option for option in found if option.kernels.isdisjoint(self.barred)])


def rivals(task: Task) -> tuple[tuple[Attempt, ...], ...]:
    """Attempts of which the first that can be laid out counts, for each goal whose schedule may serve best.

    The goal's own come first. What idle RAM is filled with is not known while a way is chosen, nor what code
    the kernels add up to, so that another goal's way may come out ahead.
    """
    small = _small(task)
    balanced = _balanced(task, small[0].flash)
    if task.goal == "size":
        return _with(small, least_ram=True), _with(balanced, reason=small[0].reason)
    reason = f"the least cost that {task.board.name} has flash and RAM for"
    fast = (Attempt(task.flash, reason, task.flash, task.flash),)
    if task.goal == "speed":
        return fast, *(_with(found, reason=reason) for found in (balanced, small))
    hot = capacities(task.network, task.board)[task.board.main_ram]
    less = f"the least cost with scratch in {task.board.main_ram}"
    return balanced, *(_with(found, reason=less, hot=hot) for found in (fast, small))


def _with(attempts: tuple[Attempt, ...], **changes: Any) -> tuple[Attempt, ...]:
    return tuple(replace(attempt, **changes) for attempt in attempts)


def _balanced(task: Task, least: int) -> tuple[Attempt, ...]:
    weights = sum(least_constants(layer) for layer in task.network.layers)
    in_lists = weights < sum(layer.constant_bytes for layer in task.network.layers)
    stored = min(task.flash, max(int(weights * (TAPS_SHARE if in_lists else STORED_SHARE)), least))
    taps = (stored, min(task.flash, int(weights * STRIPS_SHARE)))
    main = task.board.main_ram
    return (
        Attempt(
            stored,
            f"the least cost with scratch in {main}",
            *taps,
            hot=capacities(task.network, task.board)[main],
            flash_price=LEAST_SAVED_PER_BYTE,
        ),
        Attempt(stored, f"the least cost; {main} alone is too small", *taps),
        Attempt(task.flash, "the least cost; what takes less flash fits no RAM", *taps),
    )


class _Smallest(NamedTuple):
    """The least flash of a way without the `barred` kernels: code and constants, and the constants alone."""

    flash: int
    constants: int
    barred: frozenset[str]


def _small(task: Task) -> tuple[Attempt, ...]:
    """The kernels with the least code and constants first; at the end everything that fits."""
    attempts = [
        Attempt(
            min(task.flash, int(smallest.constants * INT8_SHARE)),
            "the least flash, then the least RAM",
            barred=smallest.barred,
        )
        for smallest in sorted(_smallest_ways(task), key=lambda way: way.flash)
    ]
    return (*attempts, Attempt(task.flash, "the least RAM; what takes less flash does not fit"))


def _smallest_ways(task: Task) -> list[_Smallest]:
    """Of each set of kernels with much code: without any, with one of Winograd's, with lane groups."""
    # Of options for the same operations by the same kernels the smallest is enough, in the order of all.
    least: dict[tuple[int, int, frozenset[str]], tuple[float, Option]] = {}
    ram = task.ram
    for option in task.found:
        if option.ram <= ram:
            key, own = (option.first, option.end, option.kernels), option.cost + _FLASH_ALONE * option.flash
            if key not in least or own < least[key][0]:
                least.pop(key, None)
                least[key] = (own, option)
    ways = []
    for sets in product((set(), *({name} for name in WINOGRAD_TILE)), (set(), LANES)):
        barred = _LARGE.difference(*sets)
        allowed = [option for _, option in least.values() if option.kernels.isdisjoint(barred)]
        way = choose(allowed, task.end, ram, None, flash_price=_FLASH_ALONE)
        if way is not None:
            constants = sum(option.flash for option in way)
            code = code_bytes(step for option in way for step in option.steps)
            ways.append(_Smallest(code + constants, constants, barred))
    return ways
