"""The least RAM that a network can run in, by the shapes of its layers alone: known before any search."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import inf

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.candidates import Parts, operations
from edgel3_deploy.plan.dense_runs import dense_options
from edgel3_deploy.plan.lane_chain import lane_shapes
from edgel3_deploy.plan.lane_groups import lane_groups
from edgel3_deploy.plan.lane_options import lane_runs, outer_bytes
from edgel3_deploy.plan.option import REMEMBERED


def buffers_fit(network: Network, ram: int) -> bool:
    """Whether `ram` bytes may hold the buffers of a way through the network, whatever it takes of flash.

    If not there is no schedule. Networks that differ in their zeros alone have the same answer.
    """
    parts = operations(network)
    maps = max(layers[0].input.size + layers[-1].output.size for layers in parts)
    return maps <= ram or _least_buffers(parts) <= ram


@lru_cache(maxsize=REMEMBERED)
def _least_buffers(parts: Parts) -> float:
    """The least bytes that the largest group takes, over all ways through the operations."""
    best = [0.0, *[inf] * len(parts)]
    for first, end, size in sorted(_needs(parts)):
        best[end] = min(best[end], max(best[first], size))
    return best[-1]


def _needs(parts: Parts) -> Iterator[tuple[int, int, int]]:
    """First operation, operation behind, and bytes of every group that takes less than others like it."""
    for option in dense_options(parts, "least", "instructions", None):
        yield option.first, option.end, option.ram
    for columns in (True, False):
        for run in lane_runs(lane_shapes(parts, columns)):
            inner = min(counted.inner_bytes + counted.scratch for _, counted in lane_groups(run))
            yield run[0].index, run[-1].index + run[-1].operations, outer_bytes(parts, run) + inner
