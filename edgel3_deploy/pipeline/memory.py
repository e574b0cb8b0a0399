"""What lies where in RAM, and when: a plan's buffers as the manifest lists them."""

from __future__ import annotations

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.pipeline.manifest import MemoryUse
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.schedule import Place, Schedule


def schedule_memory(schedule: Schedule) -> tuple[MemoryUse, ...]:
    """The places of a schedule. Those are alive by groups; the steps of a group run in turns."""
    firsts: list[int] = []
    lasts: list[int] = []
    for members in schedule.groups:
        firsts.append(lasts[-1] + 1 if lasts else 0)
        lasts.append(firsts[-1] + len(members.steps) - 1)

    def use(place: Place) -> MemoryUse:
        first, last = firsts[place.first], lasts[place.last]
        return MemoryUse(place.label, place.region, place.offset, place.size, first, last)

    return tuple(use(place) for place in (*schedule.workspaces, *schedule.maps) if place is not None)


def layers_memory(network: Network, plan: MemoryPlan) -> tuple[MemoryUse, ...]:
    """The places of a plan that runs layer by layer."""
    names = [layer.name for layer in network.layers]

    def use(place: Placement, label: str) -> MemoryUse:
        return MemoryUse(label, place.region, place.offset, place.size, place.first, place.last)

    outputs = (use(place, f"{names[place.first]}'s output") for place in plan.placements)
    return (*outputs, *(use(place, place.label) for place in plan.scratch))
