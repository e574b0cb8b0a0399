"""The memory plan as rows of text, for people: the generated source and the command line print it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.measure import group_costs
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.place import Place
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.plan.storage import storages

HEADER = ("layer", "output", "MACs", "input at", "output at", "live bytes")


def plan_table(network: Network, plan: MemoryPlan) -> tuple[tuple[str, ...], ...]:
    """HEADER and a row per layer: name, output shape, MACs, where input and output lie, bytes alive.

    Places are addresses where an arena begins its region, such as "dtcm +0x0000"; "caller" is memory the
    caller owns.
    """
    places = {
        use.tensor.index: f"caller's {storage.owner}" for storage in storages(network) for use in storage.uses
    }
    for placement in plan.placements:
        places[placement.tensor] = f"{placement.region} +0x{placement.offset:05x}"
    rows = [
        (
            layer.name,
            " x ".join(str(size) for size in layer.output.shape),
            f"{layer.macs:,}",
            places[layer.input.index],
            places[layer.output.index],
            f"{live:,}",
        )
        for layer, live in zip(network.layers, plan.live_bytes, strict=True)
    ]
    return (HEADER, *rows)


SCHEDULE_HEADER = (
    "strip",
    "step",
    "output",
    "MACs",
    "kernel",
    "lists",
    "instructions",
    "cycles",
    "constants",
    "rows kept",
    "output at",
)


@dataclass(frozen=True)
class ScheduleRow:
    """A step of a schedule: the strip that it is in, if any, shape, kernel, modelled costs, bytes, place."""

    strip: int | None
    step: str
    output: tuple[int, ...]
    macs: int
    kernel: str
    lists: str
    instructions: int
    cycles: int
    constant_bytes: int
    rows_kept: str
    output_at: str


def schedule_table(schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """SCHEDULE_HEADER and the `schedule_rows` as text."""
    return rows_table(schedule_rows(schedule))


def rows_table(rows: Iterable[ScheduleRow]) -> tuple[tuple[str, ...], ...]:
    """SCHEDULE_HEADER and `rows` as text."""
    texts = [
        (
            "" if row.strip is None else str(row.strip),
            row.step,
            " x ".join(str(size) for size in row.output),
            f"{row.macs:,}",
            row.kernel,
            row.lists,
            f"{row.instructions:,}",
            f"{row.cycles:,}",
            f"{row.constant_bytes:,}",
            row.rows_kept,
            row.output_at,
        )
        for row in rows
    ]
    return (SCHEDULE_HEADER, *texts)


def schedule_rows(schedule: Schedule) -> tuple[ScheduleRow, ...]:
    """A row per step, in the order of execution."""
    rows = []
    strips = 0
    for index, members in enumerate(schedule.groups):
        strips += _turns(members)
        costs = zip(group_costs(members), group_costs(members, "cycles"), strict=True)
        for step, (instructions, cycles), (kept, place) in zip(
            members.steps, costs, _outputs(schedule, index), strict=True
        ):
            rows.append(
                ScheduleRow(
                    strips if _turns(members) else None,
                    step.name,
                    tuple(step.output_shape),
                    step.macs,
                    step.kernel.text,
                    _lists(step),
                    instructions,
                    cycles,
                    step.constant_bytes,
                    kept,
                    place,
                )
            )
    return tuple(rows)


RESIDENT_HEADER = ("step", "kept in RAM", "bytes", "at", "instructions saved")


def resident_table(schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """RESIDENT_HEADER and a row for everything that is made at start; the header alone if nothing is."""
    steps = {step.index: step for step in schedule.steps}
    contents = {"lists": "lists decoded", "weights": "weights transformed"}
    rows = [
        (
            steps[found.step].name,
            f"{contents[found.what]}, {found.channels} channels",
            f"{found.place.size:,}",
            _place(found.place),
            f"{found.saves:,}",
        )
        for found in schedule.residents
    ]
    return (RESIDENT_HEADER, *rows)


def _turns(members: Group) -> bool:
    """Whether the steps take turns row by row."""
    return len(members.steps) > 1 or members.lanes is not None


def _lists(step: Step) -> str:
    """How many output channels have their lists in which form; empty for other kernels."""
    if step.lists is None:
        return ""
    split = step.kernel.lists
    parts = (
        (split.resident, "taps in RAM"),
        (split.taps, "taps"),
        (step.lists.channels - split.resident - split.taps, "words" if step.lists.wide else "bytes"),
    )
    return ", ".join(f"{count} {form}" for count, form in parts if count)


def _outputs(schedule: Schedule, index: int) -> Iterator[tuple[str, str]]:
    """For each step of a group how many rows of its output are kept, and where."""
    members, whole = schedule.groups[index], schedule.maps[index]
    places = schedule.rings[index]
    if members.lanes is not None and members.lanes.entry is not None:
        places = places[1:]
    for step, rows, place in zip(members.steps, members.rings, places, strict=False):
        height = step.output_shape[1 if step.kernel.columns else 0]
        yield f"{rows} of {height}", _place(place)
    last = members.steps[-1]
    height = last.output_shape[1 if last.kernel.columns else 0]
    yield f"{height} of {height}", _place(whole)


def _place(place: Place | None) -> str:
    return "caller's output" if place is None else f"{place.region} +0x{place.offset:05x}"
