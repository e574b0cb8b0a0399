"""Chooses kernels, fusions and strips: the least modelled cost within flash and RAM.

The network is a chain, so a schedule is a way along it: groups of consecutive steps, each group with whole
maps at both ends. RAM is a condition on each group by itself (its input, its output, what lies between);
flash is shared by all, and handled as the budget of a knapsack. Everything is enumerated in a fixed order, so
the same arguments give the same schedule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import inf

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.candidates import Parts, operations
from edgel3_deploy.plan.dense_runs import Kernels, dense_options
from edgel3_deploy.plan.kernel import WINOGRAD_TILE
from edgel3_deploy.plan.lane_options import lane_options, whole_lane_options
from edgel3_deploy.plan.list_sizes import least_constants
from edgel3_deploy.plan.measure import Measure
from edgel3_deploy.plan.option import Option

LARGEST_FLASH = 2 << 20
"""Bytes that the parts supported have at most: what needs more is not tried."""
FLASH_GRAINS = 2048
"""Parts of the flash limit that flash is counted in while choosing, rounded up per group."""


def options(
    network: Network, *, kernels: Kernels = "all", by: Measure = "instructions"
) -> tuple[Option, ...]:
    """Every group worth considering, in a fixed order; `by` says what their costs are."""
    parts = operations(network)
    dense = dense_options(parts, kernels, by, _rooms(parts) if kernels == "all" else None)
    direct = [inf] * len(parts)
    for option in dense:
        at = option.first
        if option.end == at + 1 and option.cost < direct[at] and _plain(option):
            direct[at] = option.cost
    return (*dense, *lane_options(parts, tuple(0.0 if cost == inf else cost for cost in direct), by))


def few_options(network: Network) -> Iterator[tuple[Option, ...]]:
    """Options that show quickly that a network fits: what can be laid out of any of these can be of all.

    First dense kernels without Winograd's, then the lane groups of all the network by columns, and by rows.
    """
    parts = operations(network)
    yield dense_options(parts, "plain", "instructions", None)
    for columns in (True, False):
        yield whole_lane_options(parts, columns, "instructions")


def _plain(option: Option) -> bool:
    """Whether no kernel transforms weights: as small as a lane group can be, so what that has to beat."""
    return option.kernels.isdisjoint(WINOGRAD_TILE)


def _rooms(parts: Parts) -> tuple[int, ...]:
    """The most flash that each operation may take if the others take the least, on the largest part."""
    least = [sum(least_constants(layer) for layer in layers) for layers in parts]
    return tuple(LARGEST_FLASH - sum(least) + own for own in least)


def choose(
    candidates: Iterable[Option],
    end: int,
    ram_limit: int,
    flash_limit: int | None,
    *,
    scratch_limit: int | None = None,
    flash_price: float = 0.0,
) -> tuple[Option, ...] | None:
    """The way through operations [0, end) of the least cost within limits in bytes.

    Without a flash limit flash is not counted. `flash_price` is the cost that a byte of flash must save.
    None if there is no way.
    """
    grain = 1 if flash_limit is None else -(-max(flash_limit, 1) // FLASH_GRAINS)
    grains = 0 if flash_limit is None else flash_limit // grain
    # Of options for the same operations that take as much flash the cheapest is enough.
    cheapest: dict[tuple[int, int, int], tuple[int, float, Option]] = {}
    for place, option in enumerate(candidates):
        if option.ram <= ram_limit and (scratch_limit is None or option.scratch <= scratch_limit):
            flash = 0 if flash_limit is None else -(-option.flash // grain)
            own = option.cost + flash_price * option.flash
            key = (option.first, option.end, flash)
            if key not in cheapest or own < cheapest[key][1]:
                cheapest[key] = (place, own, option)
    usable: dict[int, list[tuple[int, float, Option]]] = defaultdict(list)
    for (first, _, flash), (_, own, option) in sorted(cheapest.items(), key=lambda item: item[1][0]):
        usable[first].append((flash, own, option))
    best: dict[int, dict[int, tuple[float, tuple[Option, ...]]]] = {0: {0: (0, ())}}
    for position in range(end):
        reached = _frontier(best.pop(position, {}))
        for flash, own, option in usable[position]:
            target = best.setdefault(option.end, {})
            for used, (cost, way) in reached.items():
                if used + flash <= grains:
                    known = target.get(used + flash)
                    if known is None or cost + own < known[0]:
                        target[used + flash] = (cost + own, (*way, option))
    finished = best.get(end, {})
    if not finished:
        return None
    return min(finished.values(), key=lambda entry: entry[0])[1]


def _frontier(
    entries: dict[int, tuple[float, tuple[Option, ...]]],
) -> dict[int, tuple[float, tuple[Option, ...]]]:
    """Entries by flash used, without those that cost as much with more flash."""
    kept: dict[int, tuple[float, tuple[Option, ...]]] = {}
    cheapest: float | None = None
    for used in sorted(entries):
        if cheapest is None or entries[used][0] < cheapest:
            cheapest = entries[used][0]
            kept[used] = entries[used]
    return kept
