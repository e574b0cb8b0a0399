"""The memory plan as rows of text, for people: the generated source and the command line print it."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.memory import MemoryPlan
from edgel3_deploy.plan.group import aligned, ring_bytes
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.plan.storage import storages

HEADER = ("layer", "output", "MACs", "input at", "output at", "live bytes")


def plan_table(network: Network, plan: MemoryPlan, board: Board) -> tuple[tuple[str, ...], ...]:
    """HEADER and a row per layer: name, output shape, MACs, where input and output lie, bytes alive.

    Places are addresses where an arena begins its region, such as "dtcm +0x0000"; "caller" is memory the
    caller owns.
    """
    places = {
        use.tensor.index: f"caller's {storage.owner}"
        for storage in storages(network, in_place_pooling=False)
        for use in storage.uses
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


SCHEDULE_HEADER = ("", "step", "output", "MACs", "kernel", "constants", "rows kept", "output at")


def schedule_table(schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """SCHEDULE_HEADER and a row per step: a bracket for steps in strips, kernel, bytes of constants, where its output lies."""
    rows = [SCHEDULE_HEADER]
    for members, workspace, whole in zip(schedule.groups, schedule.workspaces, schedule.maps, strict=True):
        count = len(members.steps)
        offset = workspace.offset if workspace else 0
        for number, step in enumerate(members.steps):
            inner = number < count - 1
            if inner and workspace is not None:
                kept = members.rings[number]
                place = f"{workspace.region} +0x{offset:05x}"
                offset += aligned(ring_bytes(step, kept))
            else:
                kept = step.output_shape[0]
                place = f"{whole.region} +0x{whole.offset:05x}" if whole else "caller's output"
            bracket = "" if count == 1 else "/" if number == 0 else "\\" if not inner else "|"
            rows.append(
                (
                    bracket,
                    step.name,
                    " x ".join(str(size) for size in step.output_shape),
                    f"{step.macs:,}",
                    step.kernel.text,
                    f"{step.constant_bytes:,}",
                    f"{kept} of {step.output_shape[0]}",
                    place,
                )
            )
    return tuple(rows)
