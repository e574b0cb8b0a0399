"""What a group costs: its kernels' costs over the whole map, or unit by unit where steps take turns."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.plan.cost import instructions
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.measure import group_costs
from tests.firmware.kernels.calls import random_layer


def test_a_group_costs_unit_by_unit_and_a_lone_step_at_once() -> None:
    layer = random_layer(np.random.default_rng(0), (32, 25, 32), 32)
    step = Step(0, "step", (layer,), Kernel("f44", blocks=4))
    assert group_costs(group((step,))) == (instructions(step, step.units),)
    assert group_costs(group((step, step))) == (instructions(step, 1),) * 2
