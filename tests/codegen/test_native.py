"""Schedules as C: strips, rings, fusions and goals give TFLite's output, step by step, byte by byte."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.native import view_native
from edgel3_deploy.codegen.native_arrays import pack
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.goal import GOALS, Goal
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.option import Option
from edgel3_deploy.plan.schedule import Schedule, schedule
from edgel3_deploy.plan.search import options
from tests.codegen.host import assert_exact, host_network
from tests.graph.models import ModelBuilder, random_input
from tests.plan.chains import board_with, networks

Check = Callable[[Network, Board, Schedule, int], None]

HYPOTHESIS = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def check(host_gcc: Path, kernel_objects: tuple[Path, ...], tmp_path: Path) -> Check:
    """Compile a schedule, run it on random values and compare everything with the reference."""

    def run(network: Network, board: Board, plan: Schedule, seed: int = 0) -> None:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        host = host_network(host_gcc, kernel_objects, folder, network, plan)
        assert_exact(host, network, plan, random_input(network.input.shape, seed))

    return run


def edge_shaped() -> Network:
    """Odd sizes throughout, convolutions in a row, pools behind them, a dense head."""
    return read_network(
        ModelBuilder((25, 19, 1), zero_point=-128)
        .conv2d(8, activation="RELU", output=(0.1, -128))
        .conv2d(12, activation="RELU", output=(0.4, -128))
        .max_pool2d()
        .conv2d(13, output=(2.0, 5))
        .conv2d(6, stride=(2, 2), output=(8.0, -3))
        .conv2d(9, (1, 1), activation="RELU6", output=(20.0, 7))
        .max_pool2d()
        .reshape((3 * 2 * 9,))
        .fully_connected(11)
        .build(),
        name="edge",
    )


def unread_rows() -> Network:
    """The pooling leaves the last row of its input unread."""
    return read_network(
        ModelBuilder((11, 6, 3)).conv2d(4).conv2d(5).max_pool2d().conv2d(2).build(), name="odd"
    )


@pytest.mark.parametrize("make", [edge_shaped, unread_rows])
@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_is_exact(check: Check, board: Board, make: Callable[[], Network], goal: Goal) -> None:
    network = make()
    check(network, board, schedule(network, board, goal), 1)


@pytest.mark.parametrize("goal", GOALS)
def test_little_ram_is_exact(check: Check, goal: Goal) -> None:
    """The less RAM, the more goes in strips; the regions are the smallest that hold a schedule."""
    network = edge_shaped()
    strips = []
    for size in range(2048, 32_768, 1024):
        board = board_with(size + network.input.size + network.output.size, 512)
        try:
            plan = schedule(network, board, goal)
        except OverBudgetError:
            continue
        strips.append(max(len(group.steps) for group in plan.groups))
        if len(strips) in (1, 4):
            check(network, board, plan, 2)
    assert strips[0] > 1


@HYPOTHESIS
@given(network=networks(), goal=st.sampled_from(GOALS), fast=st.integers(64, 4096), seed=st.integers(0, 99))
def test_any_network_is_exact(check: Check, network: Network, goal: Goal, fast: int, seed: int) -> None:
    assume(operations(network))
    board = board_with(fast, 1 << 16)
    check(network, board, schedule(network, board, goal), seed)


@st.composite
def convolutional(draw: st.DrawFn) -> Network:
    """Three to five operators over maps of odd sizes, such as may go in strips."""
    builder = ModelBuilder(
        (draw(st.integers(7, 23)), draw(st.integers(3, 9)), draw(st.sampled_from([1, 3, 4])))
    )
    for _ in range(draw(st.integers(3, 5))):
        kind = draw(st.sampled_from(["same", "same", "pool", "strided", "valid", "single"]))
        height, width, _ = builder.shape
        if kind == "pool" and min(height, width) >= 2:
            builder.max_pool2d()
        elif kind == "strided":
            builder.conv2d(draw(st.integers(1, 6)), (3, 2), stride=(2, 1))
        elif kind == "valid" and height >= 4:
            builder.conv2d(draw(st.integers(1, 6)), (4, 1), same=False)
        else:
            builder.conv2d(1 if kind == "single" else draw(st.integers(2, 9)))
    return read_network(builder.build(), name="strips")


def some_way(found: tuple[Option, ...], end: int, random: np.random.Generator) -> tuple[Option, ...]:
    """Options from the first operation to the last, taken at random, rather longer groups."""
    way: list[Option] = []
    position = 0
    while position < end:
        here = [option for option in found if option.first == position]
        longest = [option for option in here if option.end == max(other.end for other in here)]
        way.append((longest if random.random() < 0.6 else here)[int(random.integers(1 << 30)) % len(longest)])
        position = way[-1].end
    return tuple(way)


def kernels(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What is chosen before lists and residents are."""
    return [(step.name, step.kernel.name) for step in steps]


@HYPOTHESIS
@given(network=convolutional(), seed=st.integers(0, 1 << 20))
def test_any_strips_are_exact(check: Check, network: Network, seed: int) -> None:
    """Not what the scheduler prefers but any combination of kernels and strips it could choose."""
    end = len(operations(network))
    way = some_way(options(network), end, np.random.default_rng(seed))
    board = board_with(1 << 20)
    plan = schedule(network, board, "speed", found=way)
    assert [kernels(group.steps) for group in plan.groups] == [kernels(option.steps) for option in way]
    check(network, board, plan, seed)


def test_layers_beyond_the_bounds_fall_back_and_stay_exact(check: Check, board: Board) -> None:
    """All weights at their limits over many channels: accumulators pass what F(4x4,3x3) can tell apart."""
    network = read_network(ModelBuilder((6, 5, 160), zero_point=127).conv2d(4, output=(900.0, 3)).build())
    (layer,) = network.layers
    assert isinstance(layer, Conv2D)
    signs = np.where(np.arange(4) % 2, 127, -127).astype(np.int8)
    extreme = dataclasses.replace(
        layer, weights=np.broadcast_to(signs[:, None, None, None], layer.weights.shape)
    )
    network = dataclasses.replace(network, layers=(extreme,))
    for goal in GOALS:
        plan = schedule(network, board, goal)
        assert all(step.kernel.name != "f44" for step in plan.steps)
        check(network, board, plan, 3)


def test_packed_constants_take_the_bytes_that_the_schedule_counts(board: Board) -> None:
    for goal in GOALS:
        for step in schedule(edge_shaped(), board, goal).steps:
            if step.kernel.name == "sparse":
                continue
            if isinstance(step.layer, Conv2D | FullyConnected):
                packed = pack(step)
                corrections = packed.corrections.nbytes if step.kernel.name == "f44" else 0
                assert packed.weights.nbytes + packed.channels.nbytes + corrections == step.constant_bytes
            else:
                assert step.constant_bytes == 0


def test_each_step_says_what_it_is_and_costs(board: Board) -> None:
    plan = schedule(edge_shaped(), board)
    view = view_native(plan)
    assert [step.name for step in view.steps] == [step.name for step in plan.steps]
    for step in view.steps:
        text = "\n".join(step.comment)
        assert step.step.kernel.text in text
        assert "instructions (modelled)" in text


def test_rows_that_no_step_reads_are_still_made(board: Board) -> None:
    """Of 11 rows the pooling reads 10; the board's checksums are over all of them."""
    network = unread_rows()
    way = [
        option
        for option in options(network)
        if (option.first, option.end) == (1, 3)
        and [step.kernel.name for step in option.steps] == ["direct", "max_pool_2x2"]
    ]
    rest = [option for option in options(network) if len(option.steps) == 1 and option.first in (0, 3)]
    runs = view_native(schedule(network, board, "speed", found=(*way, *rest))).runs
    assert runs[1] == "pool1(network, 5)"
    assert runs[2].startswith("conv2(network, 11)")
