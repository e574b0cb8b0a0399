"""What would make a network fit: more zeros."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.estimate import Estimate, scheduled
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import sparser


def with_least_sparsity(
    found: Estimate, network: Network, board: Board, ram_limit: int | None = None
) -> Estimate:
    """The estimate with the least percentage of zeros, the same in all 3x3 convolutions, that would fit.

    Unchanged if the network fits, or if no share below 100 would do. Takes seconds.
    """
    if not found.excess:
        return found

    def fits(percent: int) -> bool:
        shape = sparser(network, percent)
        plain = options(shape, winograd=False)
        plan = scheduled(shape, board, found.layout, "balanced", plain, ram_limit=ram_limit)
        return isinstance(plan, Schedule)

    least = bisect_left(range(1, 100), True, key=fits) + 1
    return replace(found, sparsity=least) if least < 100 else found
