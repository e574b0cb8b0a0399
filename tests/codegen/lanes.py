"""Sparse networks, and schedules for them with everything in lanes that can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from edgel3_deploy.graph.ir import Conv2D, MaxPool2D, Network
from edgel3_deploy.plan.group import Group, aligned
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.list_sizes import ListSplit, list_sizes
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
            layer = dataclasses.replace(layer, weights=np.where(kept, layer.weights, 0).astype(np.int8))
        layers.append(layer)
    return dataclasses.replace(network, layers=tuple(layers))


def lane_steps(network: Network, columns: bool, split: Split) -> tuple[Step, ...]:
    """The network's convolutions with their poolings as steps in lanes."""
    layers = [*network.layers, None]
    steps: list[Step] = []
    for layer, behind in pairwise(layers):
        if not isinstance(layer, Conv2D):
            continue
        pool = behind if isinstance(behind, MaxPool2D) else None
        reduced = pool is not None and pool.output.shape[:2] == (1, 1) and pool.window != (2, 2)
        mono = layer.weights.shape[3] == 1
        kernel = Kernel(
            "mono_lanes" if mono else "sparse",
            pooled=pool is not None and not reduced,
            reduced=reduced,
            columns=columns,
            lists=ListSplit() if mono else split(len(layer.weights)),
        )
        sizes = None if mono else list_sizes(layer, columns)
        held = (layer,) if pool is None else (layer, pool)
        steps.append(Step(len(steps), layer.name, held, kernel, sizes))
    return tuple(steps)


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
    steps = [step for members in groups for step in members.steps]
    residents = tuple(
        Resident(
            index,
            "lists",
            step.kernel.lists.resident,
            Place(f"{step.name}'s lists", RESIDENT_REGION, 0, step.resident_bytes, 0, len(groups) - 1),
            0,
        )
        for index, step in enumerate(steps)
        if step.resident_bytes
    )
    return Schedule(
        goal="speed",
        groups=groups,
        maps=tuple(maps),
        rings=tuple(rings),
        scratch=tuple(scratch),
        maxima=tuple(maxima),
        residents=residents,
        arenas=((REGION, top),),
        instructions=0,
        reason="for a test",
    )
