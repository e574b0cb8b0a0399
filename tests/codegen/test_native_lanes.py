"""Lane groups as C: any sparse chain gives TFLite's output, byte by byte, in every form of list."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.library import render_library
from edgel3_deploy.codegen.native import view_native
from edgel3_deploy.codegen.native_arrays import constants
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.lane_groups import lane_group
from edgel3_deploy.plan.lane_workspace import with_newest_apart
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.schedule import Schedule
from tests.codegen.host import assert_exact, host_network
from tests.codegen.lanes import Split, in_strips, lane_schedule, lane_steps, placed, pruned
from tests.graph.models import ModelBuilder, random_input

Check = Callable[[Network, Schedule, int], None]


def mixed(channels: int) -> ListSplit:
    """A third of the channels in each form."""
    return ListSplit(channels // 3, channels // 3)


SPLITS: dict[str, Split] = {
    "bytes": lambda _channels: ListSplit(),
    "taps": lambda channels: ListSplit(0, channels),
    "resident": lambda channels: ListSplit(channels, 0),
    "mixed": mixed,
}

HYPOTHESIS = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def check(host_gcc: Path, kernel_objects: tuple[Path, ...], board: Board, tmp_path: Path) -> Check:
    """Compile a schedule, run it on random values and compare everything with the reference."""

    def run(network: Network, plan: Schedule, seed: int = 0) -> None:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        host = host_network(host_gcc, kernel_objects, folder, network, plan)
        assert_exact(host, network, plan, random_input(network.input.shape, seed))

    return run


def l3_like(height: int = 27, width: int = 21) -> Network:
    """Odd sizes through two poolings that drop rows and columns, down to a maximum over the map."""
    builder = (
        ModelBuilder((height, width, 1), zero_point=-128)
        .conv2d(8, activation="RELU", output=(0.1, -128))
        .conv2d(12, activation="RELU", output=(0.4, -128))
        .max_pool2d()
        .conv2d(9, activation="RELU", output=(1.0, -128))
        .conv2d(13, activation="RELU", output=(2.0, -128))
        .max_pool2d()
        .conv2d(16, activation="RELU", output=(4.0, -128))
    )
    size = builder.shape[:2]
    return pruned(read_network(builder.max_pool2d(size, stride=size).build(), name="sparse"), 0.15, 5)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("columns", [False, True])
def test_every_form_of_list_is_exact(check: Check, columns: bool, split: str) -> None:
    network = l3_like()
    check(network, lane_schedule(network, columns, 16, SPLITS[split]), 1)


@st.composite
def chains(draw: st.DrawFn) -> Network:
    """Sparse 3x3 convolutions, poolings between them, any quantization, a maximum over the map or none."""
    height, width = draw(st.integers(4, 30)), draw(st.integers(4, 30))
    channels = draw(st.sampled_from([1, 1, 3]))
    builder = ModelBuilder((height, width, channels), zero_point=draw(st.integers(-128, 127)))
    for number in range(draw(st.integers(1, 4))):
        zero_point = draw(st.sampled_from([-128, -128, 0, 17]))
        activation = draw(st.sampled_from(["RELU", "RELU", "NONE", "RELU6"]))
        scale = draw(st.floats(0.05, 4.0))
        builder.conv2d(draw(st.integers(2, 12)), activation=activation, output=(scale, zero_point))
        # The kernel of one input channel takes no maximum on the way.
        if number and min(builder.shape[:2]) >= 4 and draw(st.booleans()):
            builder.max_pool2d()
    builder.conv2d(draw(st.integers(2, 12)))
    size = builder.shape[:2]
    if size != (2, 2) and draw(st.booleans()):
        builder.max_pool2d(size, stride=size)
    network = read_network(builder.build(), name="chain")
    return pruned(network, draw(st.sampled_from([0.05, 0.3, 1.0])), draw(st.integers(0, 99)))


@HYPOTHESIS
@given(
    network=chains(),
    columns=st.booleans(),
    wide=st.integers(0, 4),
    split=st.sampled_from(list(SPLITS)),
    apart=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_chain_is_exact(
    check: Check, network: Network, columns: bool, wide: int, split: str, apart: bool, seed: int
) -> None:
    """Begins in the caller's input or in lanes laid out from it, ends in maxima or in a map."""
    steps = lane_steps(network, columns, SPLITS[split])
    grain = 4 << sum(step.kernel.pooled for step in steps)
    members = lane_group(steps, grain * (1 + wide))
    check(network, placed((with_newest_apart(members) if apart else members,)), seed)


@pytest.mark.parametrize("split", SPLITS)
def test_packed_lists_take_the_bytes_that_the_schedule_counts(split: str) -> None:
    for step in lane_steps(l3_like(), True, SPLITS[split])[1:]:
        parts = constants(step, "scratch", None).arrays
        sizes = {"edgel3_sparse_channel_t": 28, "edgel3_tap_t": 8, "uint8_t": 1}
        assert sum(sizes[part.type] * part.size for part in parts) == step.constant_bytes


@pytest.mark.parametrize("columns", [False, True])
def test_between_dense_groups(check: Check, columns: bool) -> None:
    """Rows are laid out in lanes behind a dense convolution, and taken back in front of another."""
    network = read_network(
        ModelBuilder((13, 11, 3)).conv2d(6).conv2d(9).conv2d(7).max_pool2d().conv2d(5).build(), name="between"
    )
    network = pruned(network, 0.4, 3)
    layers = network.layers
    first = Step(0, layers[0].name, layers[:1], Kernel("direct"))
    last = Step(3, layers[4].name, layers[4:], Kernel("direct"))
    sparse = lane_steps(network, columns, mixed)[1:3]
    assert [step.kernel.name for step in sparse] == ["sparse", "sparse"]
    check(network, placed((group((first,)), lane_group(sparse, 8), group((last,)))), 4)


def test_a_dense_layer_may_run_in_the_same_lists(check: Check) -> None:
    network = l3_like()
    (wide,) = [layer for layer in network.layers if isinstance(layer, Conv2D) and len(layer.weights) == 9]
    dense = np.random.default_rng(1).integers(-127, 128, wide.weights.shape).astype(np.int8)
    wide.weights[...] = dense
    check(network, lane_schedule(network, True, 16, mixed), 2)


def test_the_program_reads_like_the_schedule(board: Board) -> None:
    network = l3_like()
    plan = lane_schedule(network, True, 16, mixed)
    view = view_native(plan)
    assert view.runs == ("conv1_to_conv5_pool3_in_lanes(network)",)
    assert [step.lanes.output for step in view.steps if step.lanes] == [
        "rows",
        "pooled",
        "rows",
        "pooled",
        "global",
    ]
    library = render_library(network, b"model", plan=plan)
    code = library.files["src/edgel3_network.c"].decode()
    assert "conv2_pool1(network, 2 * least(row + 2, 10));" in code
    assert code.count("edgel3_sparse_unpack(") == len(plan.residents) == 4
    starts = re.search(r"void edgel3_start\(edgel3_t \*network\)\n{\n(.*?)\n}", code, re.S)
    assert starts is not None
    assert len(starts[1].splitlines()) == 1 + 4
    assert code.count("_RESIDENT ((edgel3_tap_t *)(void *)EDGEL3_AT_SRAM1(") == 4
    assert "#define TILE (EDGEL3_AT_DTCM(" in library.files["src/edgel3_weights.c"].decode()
    assert [(arena.region, arena.macro) for arena in library.arenas] == [
        ("dtcm", "EDGEL3_ARENA_DTCM"),
        ("sram1", "EDGEL3_ARENA_SRAM1"),
    ]


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("cuts", [(2,), (1, 3), (1, 2, 3, 4)])
def test_strips_are_exact(check: Check, columns: bool, cuts: tuple[int, ...]) -> None:
    """Each strip runs as a picture of its own; all together show every position once."""
    network = l3_like(43, 41)
    members = in_strips(lane_group(lane_steps(network, columns, mixed), 16), cuts)
    check(network, placed((members,)), 6)


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("cuts", [(), (2,)])
def test_newest_rows_in_the_workspace_are_exact(check: Check, columns: bool, cuts: tuple[int, ...]) -> None:
    """Through two poolings, whose rows wait half made while the steps in front use the workspace."""
    network = l3_like(43, 41)
    members = in_strips(lane_group(lane_steps(network, columns, mixed), 16), cuts)
    apart = with_newest_apart(members)
    assert apart.rings == (2, 2, 2, 2)
    check(network, placed((apart,)), 7)
