"""The memory plan as rows of text, for people: the generated source and the command line print it."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.memory import MemoryPlan
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
