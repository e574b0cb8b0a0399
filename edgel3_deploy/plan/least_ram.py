"""The least RAM in which a network can be laid out on a board, whatever it costs."""

from __future__ import annotations

from bisect import bisect_left

from edgel3_deploy.plan.arrangement import arrangements
from edgel3_deploy.plan.attempts import Task
from edgel3_deploy.plan.planner import capacities
from edgel3_deploy.plan.search import choose


def least_arenas(task: Task) -> int | None:
    """Bytes of all arenas of the smallest layout within the flash of `task`; None if the board holds none.

    What `task` allows in all arenas does not count.
    """
    limits = sorted({option.ram for option in task.found})
    most = sum(capacities(task.network, task.board).values())

    def fits(limit: int) -> bool:
        return choose(task.found, task.end, limit, task.flash) is not None

    for limit in limits[bisect_left(limits, True, key=fits) :]:
        way = choose(task.found, task.end, limit, task.flash)
        if way is not None:
            groups = tuple(option.members for option in way)
            choices = arrangements(task.network, task.board, groups, most=most, most_own=most)
            found = [arrangement.bytes for choice in choices for arrangement in choice]
            if found:
                return min(found)
    return None
