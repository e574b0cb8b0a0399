"""What would make a network fit: a higher limit of RAM, or more zeros."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.estimate import Estimate
from edgel3_deploy.plan.fitting import scheduled, weights_exceed
from edgel3_deploy.plan.front_end import image_front_end
from edgel3_deploy.plan.limits import constants_limit
from edgel3_deploy.plan.list_sizes import least_constants
from edgel3_deploy.plan.schedule import Schedule, can_be_laid_out, can_have_ram, least_ram_limits
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import sparser


def with_remedy(found: Estimate, network: Network, board: Board, ram_limit: int | None = None) -> Estimate:
    """The estimate with the least limit of RAM that would do if there was one, or else the least sparsity.

    Both with the head that the estimate counts.
    """
    limited = with_least_ram(found, network, board, ram_limit)
    if limited.least_ram is not None or limited.least_ram_plain is not None:
        return limited
    return with_least_sparsity(found, network, board, ram_limit)


def with_least_ram(found: Estimate, network: Network, board: Board, ram_limit: int | None = None) -> Estimate:
    """The estimate with the least limits of RAM that would fit, with and without front end.

    Unchanged if it fits. Without a limit only what the board has without front end matters.
    """
    helps = ram_limit is not None or image_front_end(network) is not None
    if not found.excess or not helps or weights_exceed(network, board, found.layout):
        return found
    least, plain = (
        limit and limit + found.head.ram for limit in least_ram_limits(network, board, found.layout)
    )
    return replace(found, least_ram=None if ram_limit is None else least, least_ram_plain=plain)


def with_least_sparsity(
    found: Estimate, network: Network, board: Board, ram_limit: int | None = None
) -> Estimate:
    """The estimate with the least percentage of zeros, the same in all 3x3 convolutions, that would fit.

    Unchanged if the network fits, or if no share below 100 would do.
    """
    if not found.excess or not can_have_ram(sparser(network, 0), board, ram_limit, found.head):
        return found

    def fits(percent: int) -> bool:
        shape = sparser(network, percent)
        if not found.head.ram and can_be_laid_out(shape, board, found.layout, ram_limit):
            return True
        plain = options(shape, kernels="plain")
        plan = scheduled(shape, board, found.layout, "balanced", plain, ram_limit=ram_limit, head=found.head)
        return isinstance(plan, Schedule)

    room = constants_limit(board, found.layout)
    shares = range(1, 100)
    # With less the weights alone are too many; where flash is all that lacks, this share or the next will do.
    first = bisect_left(shares, True, key=lambda percent: _least_weights(network, percent) <= room)
    near = next((percent for percent in shares[first : first + 2] if fits(percent)), None)
    if near is not None:
        return replace(found, sparsity=near)
    if first + 2 >= len(shares) or not fits(shares[-1]):
        return found
    return replace(found, sparsity=shares[bisect_left(shares, True, first + 2, key=fits)])


def _least_weights(network: Network, percent: int) -> int:
    """Bytes that all weights take at least once so many percent of them are zeros."""
    return sum(least_constants(layer, percent) for layer in network.layers)
