"""The least RAM in which a network can be laid out on a board, whatever it costs."""

from __future__ import annotations

from bisect import bisect_left

from edgel3_deploy.plan.attempts import Task
from edgel3_deploy.plan.place import place
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.search import choose


def least_arenas(task: Task) -> int | None:
    """Bytes of all arenas of the smallest layout within the flash of `task`; None if the board holds none."""
    limits = sorted({option.ram for option in task.found})
    regions = capacities(task.network, task.board)

    def fits(limit: int) -> bool:
        return choose(task.found, task.end, limit, task.flash) is not None

    for limit in limits[bisect_left(limits, True, key=fits) :]:
        way = choose(task.found, task.end, limit, task.flash)
        if way is not None:
            places = place(tuple(option.members for option in way), regions, task.board.main_ram)
            if places is not None:
                return sum(places.arenas.values())
    return None
