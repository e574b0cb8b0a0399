"""The memory plan as rows of text, for people: the generated source and the command line print it."""

from __future__ import annotations

from collections.abc import Iterator

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.cost import step_costs
from edgel3_deploy.plan.group import Group, aligned, ring_bytes
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.schedule import Place, Schedule
from edgel3_deploy.plan.storage import storages

HEADER = ("layer", "output", "MACs", "input at", "output at", "live bytes")


def plan_table(network: Network, plan: MemoryPlan, board: Board) -> tuple[tuple[str, ...], ...]:
    """HEADER and a row per layer: name, output shape, MACs, where input and output lie, bytes alive.

    Places are addresses where an arena begins its region, such as "dtcm +0x0000"; "caller" is memory the
    caller owns.
    """
    places = {
        use.tensor.index: f"caller's {storage.owner}" for storage in storages(network) for use in storage.uses
    }
    names = {region.name for region in board.ram}
    for placement in plan.placements:
        if placement.region not in names:
            raise ValueError(f"{board.name} has no RAM region {placement.region}")
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
    "instructions",
    "constants",
    "rows kept",
    "output at",
)


def schedule_table(schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """SCHEDULE_HEADER and a row per step: its strip if it is in one, shape, kernel, modelled cost, place."""
    rows = [SCHEDULE_HEADER]
    strips = 0
    for members, workspace, whole in zip(schedule.groups, schedule.workspaces, schedule.maps, strict=True):
        strips += len(members.steps) > 1
        kept = [*members.rings, members.steps[-1].output_shape[0]]
        places = [*_ring_places(members, workspace), _place(whole)]
        for step, cost, ring, place in zip(members.steps, step_costs(members), kept, places, strict=True):
            rows.append(
                (
                    str(strips) if len(members.steps) > 1 else "",
                    step.name,
                    " x ".join(str(size) for size in step.output_shape),
                    f"{step.macs:,}",
                    step.kernel.text,
                    f"{cost:,}",
                    f"{step.constant_bytes:,}",
                    f"{ring} of {step.output_shape[0]}",
                    place,
                )
            )
    return tuple(rows)


def _ring_places(members: Group, workspace: Place | None) -> Iterator[str]:
    """Where the rings of a group lie, one behind the other at the start of its workspace."""
    offset = 0
    for step, rows in zip(members.steps, members.rings, strict=False):
        yield _place(workspace, offset)
        offset += aligned(ring_bytes(step, rows))


def _place(place: Place | None, offset: int = 0) -> str:
    return "caller's output" if place is None else f"{place.region} +0x{place.offset + offset:05x}"
