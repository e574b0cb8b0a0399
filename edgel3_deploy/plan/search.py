"""Chooses kernels, fusions and strips: the fewest modelled instructions within flash and RAM.

The network is a chain, so a schedule is a way along it: groups of consecutive steps, each group with whole
maps at both ends. RAM is a condition on each group by itself (its input, its output, what lies between);
flash is shared by all, and handled as the budget of a knapsack. Everything is enumerated in a fixed order, so
the same arguments give the same schedule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.candidates import operations, steps_from
from edgel3_deploy.plan.cost import instructions
from edgel3_deploy.plan.group import aligned, ring_bytes, ring_rows
from edgel3_deploy.plan.kernel import STREAMING, WINOGRAD_TILE, Step

LONGEST_GROUP = 4
LONGEST_PLAIN_GROUP = 8
"""Steps that may take turns; the longer, the more combinations of kernels are tried."""
FLASH_GRAIN = 1024
"""Bytes that flash is counted in while choosing, rounded up per group."""


@dataclass(frozen=True)
class Option:
    """One way to run operations [first, end): a group, the RAM it needs at once, flash, instructions."""

    first: int
    end: int
    steps: tuple[Step, ...]
    ram: int
    flash: int
    instructions: int


@dataclass(frozen=True)
class _Choice:
    """A step with its numbers: workspace, flash, instructions over the whole map and unit by unit."""

    step: Step
    reads: tuple[tuple[int, int], ...]
    scratch: int
    flash: int
    at_once: int
    in_strips: int


def options(network: Network, *, winograd: bool = True) -> tuple[Option, ...]:
    """Every group worth considering, in a fixed order; without Winograd kernels groups may be longer."""
    parts = operations(network)
    longest = LONGEST_GROUP if winograd else LONGEST_PLAIN_GROUP
    choices = tuple(
        tuple(
            _Choice(
                step,
                step.reads,
                step.scratch,
                step.constant_bytes,
                instructions(step, step.units),
                instructions(step, 1),
            )
            for step in steps_from(parts, position)
            if winograd or step.kernel.name not in WINOGRAD_TILE
        )
        for position in range(len(parts))
    )
    return tuple(
        _option(network, run) for first in range(len(parts)) for run in _runs(choices, first, longest)
    )


def choose(
    candidates: Iterable[Option], end: int, ram_limit: int, flash_limit: int | None
) -> tuple[Option, ...] | None:
    """The way through operations [0, end) with the fewest instructions within two limits in bytes.

    Without a flash limit flash is not counted. None if there is no way.
    """
    usable = [option for option in candidates if option.ram <= ram_limit]
    grains = 0 if flash_limit is None else flash_limit // FLASH_GRAIN
    best: dict[int, dict[int, tuple[int, tuple[Option, ...]]]] = {0: {0: (0, ())}}
    for position in range(end):
        reached = _frontier(best.pop(position, {}))
        for option in usable:
            if option.first != position:
                continue
            flash = 0 if flash_limit is None else -(-option.flash // FLASH_GRAIN)
            target = best.setdefault(option.end, {})
            for used, (cost, way) in reached.items():
                if used + flash <= grains:
                    known = target.get(used + flash)
                    if known is None or cost + option.instructions < known[0]:
                        target[used + flash] = (cost + option.instructions, (*way, option))
    finished = best.get(end, {})
    if not finished:
        return None
    return min(finished.values(), key=lambda entry: entry[0])[1]


def _frontier(
    entries: dict[int, tuple[int, tuple[Option, ...]]],
) -> dict[int, tuple[int, tuple[Option, ...]]]:
    """Entries by flash used, without those that cost as much with more flash."""
    kept: dict[int, tuple[int, tuple[Option, ...]]] = {}
    cheapest: int | None = None
    for used in sorted(entries):
        if cheapest is None or entries[used][0] < cheapest:
            cheapest = entries[used][0]
            kept[used] = entries[used]
    return kept


@dataclass(frozen=True)
class _Run:
    """Steps from operation `first` on, as the beginning of a group or the whole of it."""

    first: int
    steps: tuple[Step, ...]
    inner: int
    scratch: int
    flash: int
    instructions: int

    @property
    def end(self) -> int:
        last = self.steps[-1]
        return last.index + (2 if last.kernel.pooled else 1)

    def beats(self, other: _Run) -> bool:
        """Whether this is no worse in anything, given that `other` has no fewer instructions."""
        return self.inner <= other.inner and self.scratch <= other.scratch and self.flash <= other.flash


def _runs(choices: tuple[tuple[_Choice, ...], ...], first: int, longest: int) -> Iterable[_Run]:
    """Every run from `first` on that no other with the same end and last kernel beats."""
    runs = _thinned(_Run(first, (c.step,), 0, c.scratch, c.flash, c.in_strips) for c in choices[first])
    yield from (_Run(first, (c.step,), 0, c.scratch, c.flash, c.at_once) for c in choices[first])
    for _ in range(longest - 1):
        runs = _thinned(
            longer
            for run in runs
            if run.end < len(choices) and run.steps[-1].kernel.name in STREAMING
            for choice in choices[run.end]
            if (longer := _extended(run, choice)) is not None
        )
        yield from runs


def _extended(run: _Run, choice: _Choice) -> _Run | None:
    last, step = run.steps[-1], choice.step
    if step.kernel.name not in STREAMING or step.input_shape != last.output_shape:
        return None
    ring = ring_bytes(last, ring_rows(last.unit, last.output_shape[0], choice.reads))
    return _Run(
        run.first,
        (*run.steps, step),
        run.inner + aligned(ring),
        max(run.scratch, choice.scratch),
        run.flash + choice.flash,
        run.instructions + choice.in_strips,
    )


def _thinned(runs: Iterable[_Run]) -> list[_Run]:
    """Without runs that another with the same end, last kernel and strip beats."""
    kept: dict[tuple[int, str, bool], list[_Run]] = {}
    for run in sorted(runs, key=lambda run: run.instructions):
        kernel = run.steps[-1].kernel
        others = kept.setdefault((run.end, kernel.name, kernel.pooled), [])
        if not any(other.beats(run) for other in others):
            others.append(run)
    return [run for others in kept.values() for run in others]


def _option(network: Network, run: _Run) -> Option:
    last = run.steps[-1]
    before = 0 if run.first == 0 else int(run.steps[0].layer.input.size)
    leaves = last.layers[-1].output.index == network.output.index
    after = 0 if leaves else ring_bytes(last, last.output_shape[0])
    ram = before + after + run.inner + run.scratch
    return Option(run.first, run.end, run.steps, ram, run.flash, run.instructions)
