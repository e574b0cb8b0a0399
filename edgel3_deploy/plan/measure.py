"""By what candidates are compared: modelled instructions, or modelled cycles."""

from __future__ import annotations

from typing import Literal

from edgel3_deploy.plan.cost import cycles, instructions
from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.lane_cost import CYCLES, INSTRUCTIONS, Rates
from edgel3_deploy.plan.lane_groups import lane_costs

Measure = Literal["instructions", "cycles"]
MEASURES: tuple[Measure, ...] = ("instructions", "cycles")
RATES: dict[Measure, Rates] = {"instructions": INSTRUCTIONS, "cycles": CYCLES}
"""What the entries of sparse lists cost."""


def step_cost(step: Step, units_per_call: int, by: Measure) -> float:
    """The modelled cost of a step outside of lane groups; each call makes `units_per_call` units."""
    return (cycles if by == "cycles" else instructions)(step, units_per_call)


def group_costs(members: Group, by: Measure = "instructions") -> tuple[int, ...]:
    """The modelled cost of each step: over the whole map if it is alone, else unit by unit."""
    if members.lanes is not None:
        return tuple(int(cost) for cost in lane_costs(members, RATES[by]))
    alone = len(members.steps) == 1
    return tuple(int(step_cost(step, step.units if alone else 1, by)) for step in members.steps)
