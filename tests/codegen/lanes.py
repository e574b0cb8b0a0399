"""Sparse networks, and schedules for them with everything in lanes that can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.group import Group, aligned
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_chain import lane_steps as planned_steps
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.schedule import Place, Resident, Schedule

Split = Callable[[int], ListSplit]
REGION = "dtcm"
RESIDENT_REGION = "sram1"


def pruned(network: Network, density: float, seed: int) -> Network:
    """The network with most weights of its convolutions of several channels set to zero.

    Some channels become empty, and one keeps a single weight.
    """
    random = np.random.default_rng(seed)
    layers = []
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
        maxima=tuple(maxima),
        residents=tuple(residents),
        arenas=((REGION, top), (RESIDENT_REGION, filled)),
        instructions=0,
        cycles=0,
        by="instructions",
        reason="for a test",
    )
