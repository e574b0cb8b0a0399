"""Groups of the dense kernels worth considering: every run of steps that no other beats."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from operator import itemgetter
from typing import Literal, NamedTuple

from edgel3_deploy.plan.candidates import Parts, steps_from
from edgel3_deploy.plan.cost import cost
from edgel3_deploy.plan.group import aligned, ring_rows
from edgel3_deploy.plan.kernel import STREAMING, WINOGRAD_TILE, Step
from edgel3_deploy.plan.loop_rates import Rate
from edgel3_deploy.plan.measure import Measure, of_rate
from edgel3_deploy.plan.option import REMEMBERED, Option

LONGEST_GROUP = 4
"""Steps that may take turns if any of them is a Winograd kernel: the longer, the more variants are tried.
Without there is one kernel for each operation, and a group may be as long as a network of MOST_PLAIN_RUNS."""
MOST_PLAIN_RUNS = 32 * 32
MOST_WINOGRAD_RUNS = 48 * LONGEST_GROUP
"""Bounds of operations times steps of a group: the search takes seconds for whatever chain."""


Kernels = Literal["all", "plain", "least"]
"""All dense kernels, those without Winograd's, or those that no other takes less flash and RAM than."""


def _is_among(step: Step, kernels: Kernels) -> bool:
    """Whether a step's kernel is one of `kernels`.

    Of Winograd's, F(2x2,3x3) with one block takes least, and less than the direct kernel only where it leaves
    a pooling's rows out, with all weights transformed or none.
    """
    kernel = step.kernel
    if kernel.name not in WINOGRAD_TILE or kernels == "all":
        return True
    least = kernel.name == "f22" and kernel.pooled and kernel.blocks == 1
    return kernels == "least" and least and kernel.stored_channels in (0, step.output_shape[2] // 2 * 2)


class _Choice(NamedTuple):
    """A step by its numbers: it is number `place` of those that may start at operation `first`.

    Operation behind it, rows, workspace, flash; `rates` are both modelled costs, over the whole map and unit
    by unit, of which `at_once` and `in_strips` are compared. Choices of one `kind`, kernel and pooling, read
    and make the same rows.
    """

    first: int
    place: int
    end: int
    kind: tuple[str, bool]
    apart: bool
    unit: int
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]
    reads: tuple[tuple[int, int], ...]
    scratch: int
    products: int
    flash: int
    at_once: float
    in_strips: float
    rates: tuple[Rate, Rate]

    @property
    def kernel(self) -> str:
        return self.kind[0]


class _Run(NamedTuple):
    """Choices from an operation on, as the beginning of a group or the whole of it."""

    choices: tuple[_Choice, ...]
    rings: tuple[int, ...]
    inner: int
    scratch: int
    flash: int
    cost: float

    @property
    def end(self) -> int:
        return self.choices[-1].end


class _Found(NamedTuple):
    """An option without its steps, which are those at these operations and places."""

    first: int
    end: int
    steps: tuple[tuple[int, int], ...]
    rings: tuple[int, ...]
    ram: int
    scratch: int
    flash: int
    instructions: int
    cost: float
    kernels: frozenset[str]


@lru_cache(maxsize=REMEMBERED)
def dense_options(
    parts: Parts, kernels: Kernels, by: Measure, rooms: tuple[int, ...] | None
) -> tuple[Option, ...]:
    """Every group of dense kernels worth considering, in a fixed order.

    `rooms` are bytes of flash that each operation may take; None for no limit.
    """
    steps = [
        [step for step in steps_from(parts, position) if _is_among(step, kernels)]
        for position in range(len(parts))
    ]
    choices = [[_choice(step, place, by) for place, step in enumerate(found)] for found in steps]
    if rooms is not None:
        choices = [[c for c in found if c.flash <= room] for found, room in zip(choices, rooms, strict=True)]
    found = _searched(tuple(map(tuple, choices)), by)
    return tuple(
        Option(
            run.first,
            run.end,
            tuple([steps[first][place] for first, place in run.steps]),
            run.rings,
            None,
            run.ram,
            run.scratch,
            run.flash,
            run.instructions,
            run.cost,
            run.kernels,
        )
        for run in found
    )


@lru_cache(maxsize=8)
def _searched(choices: tuple[tuple[_Choice, ...], ...], by: Measure) -> tuple[_Found, ...]:
    """The groups worth considering, which networks of one shape have in common."""
    streamed = [_thinned_choices([c for c in found if not c.apart]) for found in choices]
    plain = [[c for c in found if c.kernel not in WINOGRAD_TILE] for found in streamed]
    short_of = max(min(MOST_WINOGRAD_RUNS // max(len(choices), 1), LONGEST_GROUP), 2)
    longest = min(len(choices), max(MOST_PLAIN_RUNS // max(len(choices), 1), LONGEST_GROUP))
    found: list[_Found] = []
    for first in range(len(choices)):
        found += (
            _found(_alone(choice, choice.at_once), len(choices))
            for choice in choices[first]
            if choice.kernel != "max_pool_global_rows"
        )
        short = _runs(streamed, first, short_of)
        long = (run for run in _runs(plain, first, longest) if len(run.choices) > short_of)
        runs = [*short, *long]
        if by == "instructions":
            runs = _unbeaten(runs)
        found += (_found(run, len(choices)) for run in runs)
    return tuple(found)


def _choice(step: Step, place: int, by: Measure) -> _Choice:
    rates = cost(step, step.units), cost(step, 1)
    at_once, in_strips = (of_rate(rate, by) for rate in rates)
    return _Choice(
        first=step.index,
        place=place,
        end=step.index + step.operations,
        kind=(step.kernel.name, step.kernel.pooled),
        apart=step.kernel.apart,
        unit=step.unit,
        input_shape=step.input_shape,
        output_shape=step.output_shape,
        reads=step.reads,
        scratch=step.scratch,
        products=step.products,
        flash=step.constant_bytes,
        at_once=at_once,
        in_strips=in_strips,
        rates=rates,
    )


def _alone(choice: _Choice, cost: float) -> _Run:
    return _Run((choice,), (), 0, choice.scratch, choice.flash, cost)


def _runs(choices: list[list[_Choice]], first: int, longest: int) -> Iterator[_Run]:
    """Every run of two choices and more from operation `first` on that no other of its end and kind beats."""
    runs = [_alone(choice, choice.in_strips) for choice in choices[first] if _streams(choice)]
    for _ in range(longest - 1):
        runs = _extended(runs, choices)
        yield from runs
        runs = [run for run in runs if _streams(run.choices[-1])]


def _streams(choice: _Choice) -> bool:
    """Whether the step makes rows one after the other, so that another may follow."""
    return choice.kernel in STREAMING


def _follows(before: _Choice, choice: _Choice) -> bool:
    rows = _streams(choice) or choice.kernel == "max_pool_global_rows"
    return rows and choice.input_shape == before.output_shape


def _unbeaten(runs: list[_Run]) -> list[_Run]:
    """The runs that none of the same operations, of whatever kinds, makes needless, in their order."""
    fronts: dict[int, list[_Entry]] = defaultdict(list)
    for at, run in enumerate(runs):
        ram = run.inner + run.scratch
        fronts[run.end].append((run.cost, ram, run.scratch, run.flash, run, run.choices[-1], at))
    return [runs[at] for at in sorted(entry[-1] for found in fronts.values() for entry in _thinned(found))]


_Entry = tuple[float, int, int, int, _Run, _Choice, int]
"""Cost, bytes of rings (with scratch: of RAM), scratch and flash of a run; what it is made of; a number."""


def _extended(runs: list[_Run], choices: list[list[_Choice]]) -> list[_Run]:
    """The runs with one more choice, without those that another with the same end and kind beats."""
    longer: dict[tuple[int, str, bool], list[_Entry]] = defaultdict(list)
    followers: dict[tuple[int, str, bool], list[tuple[_Choice, int, int, list[_Entry]]]] = {}
    for run in runs:
        last = run.choices[-1]
        pair = (last.end, *last.kind)
        if pair not in followers:
            followers[pair] = [
                (choice, *_ring(last, choice), longer[(choice.end, *choice.kind)])
                for choice in (choices[last.end] if last.end < len(choices) else ())
                if _follows(last, choice)
            ]
        _, _, inner, scratch, flash, cost = run
        for choice, rows, size, entries in followers[pair]:
            needs = choice.scratch
            entries.append(
                (
                    cost + choice.in_strips,
                    inner + size,
                    scratch if scratch > needs else needs,
                    flash + choice.flash,
                    run,
                    choice,
                    rows,
                )
            )
    return [
        _Run((*run.choices, choice), (*run.rings, rows), inner, scratch, flash, cost)
        for entries in longer.values()
        for cost, inner, scratch, flash, run, choice, rows in _thinned(entries)
    ]


def _ring(last: _Choice, choice: _Choice) -> tuple[int, int]:
    """Rows and bytes of the ring between two steps."""
    height, width, channels = last.output_shape
    rows = ring_rows(last.unit, height, choice.reads)
    return rows, aligned(rows * width * channels)


@dataclass
class _Front:
    """Points of three numbers seen so far: for each second number a staircase of the other two."""

    stairs: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)

    def beats(self, inner: int, scratch: int, flash: int) -> bool:
        """Whether a point seen is no larger in any number."""
        for level, (inners, flashes) in self.stairs.items():
            if level <= scratch:
                below = bisect_right(inners, inner)
                if below and flashes[below - 1] <= flash:
                    return True
        return False

    def add(self, inner: int, scratch: int, flash: int) -> None:
        """See a point that none seen before beats."""
        inners, flashes = self.stairs.setdefault(scratch, ([], []))
        at = bisect_right(inners, inner)
        behind = at
        while behind < len(inners) and flashes[behind] >= flash:
            behind += 1
        if at and inners[at - 1] == inner:
            at -= 1
        inners[at:behind] = [inner]
        flashes[at:behind] = [flash]


def _thinned(entries: list[_Entry]) -> Iterator[_Entry]:
    """The entries that none with as little cost, rings, scratch and flash makes needless: a sweep by cost."""
    front = _Front()
    for entry in sorted(entries, key=itemgetter(0, 1, 2, 3)):
        if not front.beats(*entry[1:4]):
            front.add(*entry[1:4])
            yield entry


def _thinned_choices(found: list[_Choice]) -> list[_Choice]:
    """The choices that make sense in strips."""
    kept: list[_Choice] = []
    fronts: dict[tuple[str, bool], _Front] = defaultdict(_Front)
    for choice in sorted(found, key=lambda choice: choice.in_strips):
        front = fronts[choice.kind]
        if not front.beats(0, choice.scratch, choice.flash):
            front.add(0, choice.scratch, choice.flash)
            kept.append(choice)
    return kept


def _found(run: _Run, operations: int) -> _Found:
    """The run as a group between whole maps, which are the caller's at the ends of all `operations`."""
    first, last = run.choices[0], run.choices[-1]
    before = 0 if first.first == 0 else prod(first.input_shape)
    after = 0 if last.end == operations else prod(last.output_shape)
    in_strips = len(run.choices) > 1
    # Only steps by themselves have products: see `streamed`.
    ram = before + after + run.inner + run.scratch + (0 if in_strips else first.products)
    instructions = sum([int(choice.rates[in_strips].instructions) for choice in run.choices])
    steps = tuple([(choice.first, choice.place) for choice in run.choices])
    return _Found(
        first.first,
        last.end,
        steps,
        run.rings,
        ram,
        run.scratch,
        run.flash,
        instructions,
        run.cost,
        frozenset([choice.kernel for choice in run.choices]),
    )
