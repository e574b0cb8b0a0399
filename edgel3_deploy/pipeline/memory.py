"""What lies where in RAM, and when: a plan's buffers as the manifest lists them."""

from __future__ import annotations

from collections.abc import Iterator

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.plan.front_end import FrontEndMemory
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.place import Place
from edgel3_deploy.plan.schedule import Schedule

STREAM = "front end's stream"


def schedule_memory(schedule: Schedule) -> tuple[MemoryUse, ...]:
    """The places of a schedule, which are alive by groups: the steps of a group run in turns.

    What is filled at start is alive in every step.
    """
    firsts: list[int] = []
    lasts: list[int] = []
    for members in schedule.groups:
        firsts.append(lasts[-1] + 1 if lasts else 0)
        lasts.append(firsts[-1] + len(members.steps) - 1)
    buffers = [
        _use(place, label, firsts[place.first], lasts[place.last])
        for index in range(len(schedule.groups))
        for place, label in _group_places(schedule, index)
    ]
    names = {step.index: step.name for step in schedule.steps}
    residents = [
        _use(held.place, f"{names[held.step]}'s {_FILLED[held.what]}", 0, lasts[-1])
        for held in schedule.residents
    ]
    return (*buffers, *_stream(schedule.front_end, lasts[-1]), *residents)


def _stream(memory: FrontEndMemory | None, last: int) -> Iterator[MemoryUse]:
    """A front end's stream, which goes on; one that shares the buffers' memory holds nothing in any step."""
    if memory is not None and memory.streams:
        yield MemoryUse(STREAM, memory.region, memory.offset, memory.size, 0, last)


_FILLED = {"lists": "decoded lists", "weights": "transformed weights"}


def _group_places(schedule: Schedule, index: int) -> Iterator[tuple[Place, str]]:
    """The buffers of a group: what lies behind each step, and the workspaces."""
    steps = schedule.groups[index].steps
    rings = schedule.rings[index]
    lanes = schedule.groups[index].lanes
    labels = [f"{step.name}'s rows" for step in steps]
    if lanes is not None and lanes.entry is not None:
        labels.insert(0, f"{steps[0].name}'s input rows")
    yield from zip(rings, labels, strict=False)
    whole = " to ".join(dict.fromkeys((steps[0].name, steps[-1].name)))
    for place, label in (
        (schedule.scratch[index], f"scratch of {whole}"),
        (schedule.products[index], f"sums of {whole}"),
        (schedule.maxima[index], f"{steps[-1].name}'s maxima"),
        (schedule.maps[index], f"{steps[-1].name}'s output"),
    ):
        if place is not None:
            yield place, label


def layers_memory(network: Network, plan: MemoryPlan) -> tuple[MemoryUse, ...]:
    """The places of a plan that runs layer by layer."""
    names = [layer.name for layer in network.layers]
    outputs = (
        _use(place, f"{names[place.first]}'s output", place.first, place.last) for place in plan.placements
    )
    scratch = (_use(place, place.label, place.first, place.last) for place in plan.scratch)
    return (*outputs, *scratch, *_stream(plan.front_end, len(network.layers) - 1))


def _use(place: Place | Placement, label: str, first: int, last: int) -> MemoryUse:
    return MemoryUse(label, place.region, place.offset, place.size, first, last)
