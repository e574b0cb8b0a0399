"""Sparse networks, and schedules for them with everything in lanes that can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import accumulate, pairwise

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Layer, Network
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import Group, Ring, Strip, aligned
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_steps as planned_steps
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.place import Place
from edgel3_deploy.plan.resident import Resident
from edgel3_deploy.plan.schedule import Schedule

Split = Callable[[int], ListSplit]
REGION = "dtcm"
RESIDENT_REGION = "sram1"


def pruned(network: Network, density: float, seed: int) -> Network:
    """The network with most weights of its convolutions of several channels set to zero.

    Some channels become empty, and one keeps a single weight.
    """
    random = np.random.default_rng(seed)
    layers: list[Layer] = []
    for layer in network.layers:
        if isinstance(layer, Conv2D) and layer.weights.shape[3] > 1:
            kept = random.random(layer.weights.shape) < density
            kept[0] = False
            kept[-1].flat[1:] = False
            weights = np.where(kept, layer.weights, 0).astype(np.int8)
            layers.append(dataclasses.replace(layer, weights=weights))
        else:
            layers.append(layer)
    return dataclasses.replace(network, layers=tuple(layers))


def lane_steps(network: Network, columns: bool, split: Split) -> tuple[Step, ...]:
    """The network's convolutions with their poolings as steps in lanes, as far as they go."""
    found = planned_steps(operations(network), columns)
    return tuple(
        dataclasses.replace(step, kernel=dataclasses.replace(step.kernel, lists=split(step.lists.channels)))
        if step.lists
        else step
        for step in found
        if step is not None
    )


def lane_schedule(network: Network, columns: bool, distance: int, split: Split) -> Schedule:
    """All of a network in one lane group, its buffers one behind the other."""
    members = lane_group(lane_steps(network, columns, split), distance)
    return placed((members,))


def placed(groups: tuple[Group, ...]) -> Schedule:
    """A schedule of these groups, every buffer of which has memory of its own."""
    top = 0

    def place(label: str, size: int) -> Place | None:
        nonlocal top
        if not size:
            return None
        found = Place(label, REGION, top, size, 0, len(groups) - 1)
        top += aligned(size)
        return found

    rings, scratch, maxima, maps = [], [], [], []
    for position, members in enumerate(groups):
        found = [place("ring", size) for size in members.buffers]
        rings.append(tuple(ring for ring in found if ring is not None))
        scratch.append(place("scratch", members.scratch))
        maxima.append(place("maxima", members.maxima_bytes))
        last = members.steps[-1].layers[-1].output
        maps.append(place("map", last.size) if position + 1 < len(groups) else None)
    residents: list[Resident] = []
    filled = 0
    for step in (step for members in groups for step in members.steps):
        if step.resident_bytes:
            held = Place("lists", RESIDENT_REGION, filled, step.resident_bytes, 0, len(groups) - 1)
            residents.append(Resident(step.index, "lists", step.kernel.lists.resident, held, 0))
            filled += aligned(step.resident_bytes)
    return Schedule(
        goal="speed",
        groups=groups,
        maps=tuple(maps),
        rings=tuple(rings),
        scratch=tuple(scratch),
        products=(None,) * len(groups),
        maxima=tuple(maxima),
        residents=tuple(residents),
        front_end=None,
        arenas=((REGION, top), (RESIDENT_REGION, filled)),
        instructions=0,
        cycles=0,
        by="instructions",
        reason="for a test",
    )


def in_strips(members: Group, cuts: tuple[int, ...]) -> Group:
    """The lane group with its positions in strips that begin at `cuts` of the last convolution's row."""
    lanes = members.lanes
    assert lanes is not None
    last = members.steps[-1].positions
    strips = tuple(_strip(members.steps, first, end) for first, end in pairwise((0, *cuts, last)))

    def narrowed(ring: Ring, step: int) -> Ring:
        width = max(strip.widths[step] for strip in strips)
        return dataclasses.replace(ring, lanes=dataclasses.replace(ring.lanes, width=width))

    rings = tuple(narrowed(ring, index + 1) for index, ring in enumerate(lanes.rings))
    entry = narrowed(lanes.entry, 0) if lanes.entry else None
    return dataclasses.replace(
        members, lanes=dataclasses.replace(lanes, strips=strips, rings=rings, entry=entry)
    )


def _strip(steps: tuple[Step, ...], first: int, end: int) -> Strip:
    """What a strip computes for positions [first, end) of the last convolution: their neighbours by layers.

    It begins at a multiple of what all poolings together make one, so that its maxima are those of the whole.
    """
    needed: list[tuple[int, int]] = []
    for step in reversed(steps):
        if needed:
            low, high = needed[0]
            factor = 2 if step.kernel.pooled else 1
            width = step.positions // factor
            first, end = max(low - 1, 0) * factor, min(high + 1, width) * factor
        needed.insert(0, (first, end))
    poolings = list(accumulate((step.kernel.pooled for step in steps), initial=0))
    whole = 1 << poolings[-2]
    begin = min(max(low - 1, 0) << poolings[index] for index, (low, _) in enumerate(needed)) // whole * whole
    origins = [begin >> poolings[index] for index in range(len(steps))]
    widths = [
        min(high + 1, step.input_shape[0 if step.kernel.columns else 1]) - origin
        for step, (_, high), origin in zip(steps, needed, origins, strict=True)
    ]
    counted = [(low - origin, high - origin) for (low, high), origin in zip(needed, origins, strict=True)]
    owned = []
    for index, step in enumerate(steps):
        scale = poolings[-1] - poolings[index + 1]
        width = step.positions // (2 if step.kernel.pooled else 1)
        origin = begin >> poolings[index + 1]
        is_last = needed[-1][1] == steps[-1].positions
        stop = width if is_last else needed[-1][1] << scale
        owned.append(((needed[-1][0] << scale) - origin, stop - origin))
    return Strip(tuple(origins), tuple(widths), tuple(counted), tuple(owned))
