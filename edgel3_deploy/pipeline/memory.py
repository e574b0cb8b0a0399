"""What lies where in RAM, and when: a plan's buffers as the manifest lists them."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.schedule import Place, Schedule


def schedule_memory(schedule: Schedule) -> tuple[MemoryUse, ...]:
    """The places of a schedule, which are alive by groups: the steps of a group run in turns.

    What is filled at start is alive in every step; its offset counts from where the region's arena ends.
    """
    firsts: list[int] = []
    lasts: list[int] = []
    for members in schedule.groups:
        firsts.append(lasts[-1] + 1 if lasts else 0)
        lasts.append(firsts[-1] + len(members.steps) - 1)
    places = [
        *(place for rings in schedule.rings for place in rings),
        *(place for place in (*schedule.scratch, *schedule.maxima, *schedule.maps) if place is not None),
    ]
    buffers = (_use(place, place.label, firsts[place.first], lasts[place.last]) for place in places)
    residents = (_use(resident.place, resident.place.label, 0, lasts[-1]) for resident in schedule.residents)
    return (*buffers, *residents)


def layers_memory(network: Network, plan: MemoryPlan) -> tuple[MemoryUse, ...]:
    """The places of a plan that runs layer by layer."""
    names = [layer.name for layer in network.layers]
    outputs = (
        _use(place, f"{names[place.first]}'s output", place.first, place.last) for place in plan.placements
    )
    return (*outputs, *(_use(place, place.label, place.first, place.last) for place in plan.scratch))


def _use(place: Place | Placement, label: str, first: int, last: int) -> MemoryUse:
    return MemoryUse(label, place.region, place.offset, place.size, first, last)
