"""Buffers and front end together: where they can lie in a board's RAM within a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.plan.front_end import FrontEndMemory, image_front_end
from edgel3_deploy.plan.front_end_memory import front_end_memories, may_share
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.place import Places, place
from edgel3_deploy.plan.planner import capacities


@dataclass(frozen=True)
class Arrangement:
    """Places of all buffers, the front end's memory, None without one, and each region's arena with both."""

    places: Places
    front_end: FrontEndMemory | None
    arenas: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """Of all arenas."""
        return sum(self.arenas.values())


def arrangements(
    network: Network, board: Board, groups: Sequence[Group], *, most: int, most_own: int
) -> Iterator[tuple[Arrangement, ...]]:
    """Where the groups' buffers and the front end can lie in at most `most` bytes: none if nowhere.

    Each choice of places for the buffers has one arrangement for every memory that the front end may have,
    its own first: `front_end_memories` says more. The first choice is the fastest.
    """
    for order, main in _orders(network, board):
        places = place(groups, order, main)
        if places is None or sum(places.arenas.values()) > most:
            continue
        memories = front_end_memories(network, places.arenas, order, most=most, most_own=most_own)
        if memories:
            yield tuple(Arrangement(places, memory, arenas) for memory, arenas in memories)


def _orders(network: Network, board: Board) -> Iterator[tuple[dict[str, int], str]]:
    """Regions in the order of choice with what is free in each, and the one that scratch prefers.

    A front end that shares memory needs much of it in one piece: where the usual order takes too many bytes
    in all, everything goes to the largest region first.
    """
    free = capacities(network, board)
    yield free, board.main_ram
    sizes = image_front_end(network)
    if sizes is not None and may_share(sizes):
        largest = sorted(free, key=lambda region: -free[region])
        yield {region: free[region] for region in largest}, largest[0]
