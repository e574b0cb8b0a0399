"""No goal loses in its own measure: size takes the least flash, speed the least cost, balanced is between."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.compress.pruning import PLANS
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.attempts import LEAST_SAVED_PER_BYTE
from edgel3_deploy.plan.goal import GOALS
from edgel3_deploy.plan.measure import MEASURES, Measure
from edgel3_deploy.plan.schedule import Schedule, schedule
from edgel3_deploy.plan.search import options
from edgel3_deploy.plan.skeleton import shaped, skeleton
from edgel3_deploy.reference.accept import read_network_file
from tests.graph.l3 import sparse_small

THIN = (8, 8, 16, 16, 32, 32, 64, 64)
DENSE = (0.0,) * len(THIN)
TRAINED = Path(__file__).parents[1] / "data" / "thin-l3.tflite"
L3_INPUT = (256, 199)


def random_network(seed: int) -> Network:
    """Five to eight convolutions of odd widths, dense or pruned by a published plan."""
    random = np.random.default_rng(seed)
    depth = int(random.integers(5, 9))
    widths = [
        max(1, int(width * random.uniform(0.5, 1.5))) for width in np.array(THIN) * random.choice([1, 2])
    ]
    size = [(64, 50), (40, 31)][random.integers(2)]
    sparsity = [DENSE, *PLANS.values()][random.integers(len(PLANS) + 1)]
    return shaped(f"random {seed}", size, widths[:depth], sparsity[:depth])


@lru_cache
def network(name: str) -> Network:
    if name.startswith("random"):
        return random_network(int(name.split()[1]))
    if name.startswith("thin"):
        plan, depth = name.split()[1:]
        return shaped(name, L3_INPUT, THIN[: int(depth)], PLANS.get(plan, DENSE)[: int(depth)])
    if name == "trained":
        return read_network_file(TRAINED, name)[0]
    if name == "narrow":
        return read_network(sparse_small())
    return skeleton(member(name))


NETWORKS = (
    "sea-64",
    "sparse-ft-95.45",
    "narrow",
    "trained",
    "thin dense 7",
    "thin dense 8",
    "thin 53.49 5",
    *(f"random {seed}" for seed in range(4)),
)


def cost(plan: Schedule) -> int:
    return plan.instructions if plan.by == "instructions" else plan.cycles


@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("name", NETWORKS)
def test_no_goal_loses_in_its_own_measure(name: str, by: Measure) -> None:
    board = load_board("stm32f7")
    found = options(network(name), by=by)
    speed, balanced, size = (schedule(network(name), board, goal, found, by=by) for goal in GOALS)
    assert cost(speed) <= min(cost(balanced), cost(size))
    assert size.flash_bytes <= min(balanced.flash_bytes, speed.flash_bytes)
    more = balanced.flash_bytes - size.flash_bytes
    assert cost(balanced) + LEAST_SAVED_PER_BYTE * more <= cost(size)
    assert balanced.flash_bytes <= speed.flash_bytes
