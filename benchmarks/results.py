"""Measurements with what is computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.hot_loops import LoopCycles, NotModelledError, cmsis_nn_work, modelled, native_work
from benchmarks.lane_loops import LINE_CYCLES, flash_lines
from benchmarks.mca import Mca
from benchmarks.measure import Measurement
from edgel3_deploy.plan.schedule import Schedule, schedule


@dataclass(frozen=True)
class Row:
    """A measurement with the hot loops' modelled cost: None without llvm-mca, and where `note` says why.

    `lines` are the cache lines of sparse lists that come from flash.
    """

    measurement: Measurement
    loops: tuple[LoopCycles, ...] | None
    note: str = ""
    lines: int = 0

    @property
    def cycles(self) -> float | None:
        if self.loops is None:
            return None
        return sum(loop.cycles for loop in self.loops) + self.lines * LINE_CYCLES

    @property
    def explained(self) -> float:
        """Part of the counted instructions that lie in the hot loops: near 1 if the weights are right."""
        inside = sum(loop.cost.instructions * loop.times for loop in self.loops or ())
        return inside / self.measurement.instructions

    def to_json(self, baseline: Row) -> dict[str, Any]:
        result = self.measurement
        return {
            "engine": result.variant.name,
            "model": result.model.name,
            "instructions": result.instructions,
            "instructions_ratio": baseline.measurement.instructions / result.instructions,
            "modelled_cycles": self.cycles,
            "modelled_cycles_ratio": (
                baseline.cycles / self.cycles if baseline.cycles and self.cycles else None
            ),
            "flash_lines": self.lines,
            "modelled_part": self.explained if self.loops else None,
            "flash": result.flash,
            "ram": result.ram,
            "bit_exact": result.exact,
            "compared": result.compared,
            "steps": [
                {"layers": list(step.layers), "name": step.name, "instructions": step.instructions}
                for step in result.steps
            ],
            "hot_loops": [
                {
                    "loop": loop.key.text,
                    "instructions": loop.cost.instructions,
                    "cycles": loop.cost.cycles,
                    "times": loop.times,
                }
                for loop in self.loops or ()
            ],
        }


def row(measurement: Measurement, mca: Mca | None) -> Row:
    """The measurement with its hot loops, where they can be modelled."""
    if mca is None:
        return Row(measurement, None)
    build, planned = measurement.build, _schedule(measurement)
    try:
        work = cmsis_nn_work(build.network) if planned is None else native_work(planned)
        loops = modelled(mca, build.elf, work)
    except NotModelledError as error:
        return Row(measurement, None, error.message)
    groups = () if planned is None else planned.groups
    lines = sum(flash_lines(members) for members in groups if members.lanes is not None)
    return Row(measurement, loops, lines=lines)


def _schedule(measurement: Measurement) -> Schedule | None:
    """What a native image was rendered from."""
    build, goal = measurement.build, measurement.build.manifest.goal
    if goal is None:
        return None
    limit = build.manifest.ram_limit
    return schedule(build.network, build.board, goal, layout=build.layout, ram_limit=limit)


def common_groups(steps: Sequence[Sequence[tuple[int, ...]]]) -> list[tuple[int, ...]]:
    """The finest groups of consecutive layers that no engine's steps cross; `steps` per engine, in order."""
    ends = set.intersection(*({step[-1] for step in engine} for engine in steps))
    groups, first = [], 0
    for end in sorted(ends):
        groups.append(tuple(range(first, end + 1)))
        first = end + 1
    return groups
