"""Proves a memory plan sound from the network alone, without trusting the planner's own book-keeping."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network, Reshape
from edgel3_deploy.plan.arena import ALIGNMENT
from edgel3_deploy.plan.memory import MemoryPlan, Placement
from edgel3_deploy.plan.planner import capacities


def check_plan(network: Network, plan: MemoryPlan, board: Board) -> None:
    """Raises ValueError, which lists every fault, unless the plan can run the network.

    Checked: every activation has one place of its size, aligned, inside an arena that its region can hold,
    kept from the layer that writes it to the layer that reads it; nothing alive at the same time overlaps,
    but for a reshape's view.
    """
    faults = [*_coverage(network, plan), *_bounds(network, plan, board), *_overlaps(network, plan)]
    if faults:
        raise ValueError("; ".join(faults))


def _coverage(network: Network, plan: MemoryPlan) -> Iterable[str]:
    """Tensors without a place, or with one that is too small or given up too soon."""
    places = {placement.tensor: placement for placement in plan.placements}
    if len(places) != len(plan.placements):
        yield "a tensor is placed twice"
    if len(plan.live_bytes) != len(network.layers):
        yield "live_bytes does not have an entry per layer"
    caller = _caller_owned(network)
    for writer, reader in zip(network.layers, network.layers[1:], strict=False):
        tensor = writer.output
        place = places.pop(tensor.index, None)
        if tensor.index in caller:
            continue
        if place is None:
            yield f"{tensor.name} has no place"
        elif place.size != tensor.size:
            yield f"{tensor.name} has {place.size} bytes instead of {tensor.size}"
        elif place.first > writer.index or place.last < reader.index:
            yield f"{tensor.name} is not kept from layer {writer.index} to {reader.index}"
    if places:
        yield f"placed but not an activation: {sorted(places)}"


def _caller_owned(network: Network) -> set[int]:
    """The network's input and output, and their views."""
    owned = {network.input.index, network.output.index}
    for layer in network.layers:
        if isinstance(layer, Reshape) and layer.input.index in owned:
            owned.add(layer.output.index)
    for layer in reversed(network.layers):
        if isinstance(layer, Reshape) and layer.output.index in owned:
            owned.add(layer.input.index)
    return owned


def _bounds(network: Network, plan: MemoryPlan, board: Board) -> Iterable[str]:
    arenas = dict(plan.arenas)
    limits = capacities(network, board)
    for place in (*plan.placements, *plan.scratch):
        if place.offset % ALIGNMENT:
            yield f"{place.label} is not aligned"
        if place.offset < 0 or place.offset + place.size > arenas.get(place.region, 0):
            yield f"{place.label} lies outside the arena of {place.region}"
    for name, size in plan.arenas:
        if size > limits.get(name, 0):
            yield f"the arena of {name} has {size} bytes, {limits.get(name, 0)} are free"


def _overlaps(network: Network, plan: MemoryPlan) -> Iterable[str]:
    sharing = {
        (layer.input.index, layer.output.index) for layer in network.layers if isinstance(layer, Reshape)
    }
    for a, b in combinations((*plan.placements, *plan.scratch), 2):
        meet = a.first <= b.last and b.first <= a.last
        if not meet or a.region != b.region or a.offset + a.size <= b.offset or b.offset + b.size <= a.offset:
            continue
        pair = (a.tensor, b.tensor) if a.first <= b.first else (b.tensor, a.tensor)
        if pair not in sharing or a.offset != b.offset or _alive_together(a, b) > 1:
            yield f"{a.label} and {b.label} overlap while both are alive"


def _alive_together(a: Placement, b: Placement) -> int:
    """Layers during which both are alive: one, where the second is made from the first."""
    return min(a.last, b.last) - max(a.first, b.first) + 1
