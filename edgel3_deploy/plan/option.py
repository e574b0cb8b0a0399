"""What the search chooses among."""

from __future__ import annotations

from dataclasses import dataclass

from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step


@dataclass(frozen=True)
class Option:
    """One way to run operations [first, end): a group, the RAM it needs at once, flash, instructions.

    `cost` is what is compared: `instructions`, or modelled cycles.
    """

    first: int
    end: int
    members: Group
    ram: int
    flash: int
    instructions: int
    cost: float

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.members.steps
