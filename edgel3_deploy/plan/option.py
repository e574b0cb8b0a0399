"""What the search chooses among."""

from __future__ import annotations

from typing import NamedTuple

from edgel3_deploy.plan.group import Group, LaneGroup
from edgel3_deploy.plan.kernel import Step

REMEMBERED = 8
"""Networks whose options are remembered: commands ask several times for those of a few."""


class Option(NamedTuple):
    """One way to run operations [first, end): a group, the RAM it needs at once, flash, instructions.

    `cost` is what is compared: `instructions`, or modelled cycles. `scratch` is the group's, `kernels` are
    the names of those that the steps use. There are thousands of options, so the group itself is made of
    `steps`, `rings` and `lanes` when it is asked for.
    """

    first: int
    end: int
    steps: tuple[Step, ...]
    rings: tuple[int, ...]
    lanes: LaneGroup | None
    ram: int
    scratch: int
    flash: int
    instructions: int
    cost: float
    kernels: frozenset[str]

    @property
    def members(self) -> Group:
        return Group(self.steps, self.rings, self.lanes)
