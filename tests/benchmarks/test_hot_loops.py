"""How often the kernels' loops run, counted by hand for small layers."""

from __future__ import annotations

import pytest

from benchmarks.hot_loops import CMSIS_LOOP, Key, NotModelledError, cmsis_nn_work, native_work
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.group import group
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.schedule import Schedule
from tests.graph.models import ModelBuilder


def one_convolution(filters: int = 6, channels: int = 16, zero_point: int = -128) -> Network:
    """12 rows of 10 pixels."""
    builder = ModelBuilder((12, 10, channels))
    return read_network(builder.conv2d(filters, activation="RELU", output=(0.5, zero_point)).build())


def alone(network: Network, kernel: Kernel) -> Schedule:
    steps = group((Step(0, "conv1", network.layers[:1], kernel),))
    return Schedule(
        goal="balanced",
        groups=(steps,),
        maps=(None,),
        rings=((),),
        scratch=(None,),
        products=(None,),
        maxima=(None,),
        residents=(),
        front_end=None,
        arenas=(),
        instructions=0,
        cycles=0,
        by="instructions",
        reason="a test",
    )


def test_winograd_loops_of_a_layer_with_int8_weights() -> None:
    # 3 x 3 tiles in groups of 8 and 1; 3 pairs of output channels; 8 words of packed input channels.
    work = native_work(alone(one_convolution(), Kernel("f44", blocks=2)))
    assert work == {
        Key("edgel3_gemm_s16", 8, 4): 36 * 2 * 3,
        Key("edgel3_gemm_s16", 8, 1): 36 * 1 * 3,
        Key("edgel3_f44_weights", 8): 2 * 3 * 8,
        Key("edgel3_f44_input"): 9 * 4,
        Key("edgel3_f44_rectified"): 9 * 6,
    }


def test_stored_channels_are_not_transformed() -> None:
    partly = native_work(alone(one_convolution(), Kernel("f44", stored_channels=4, blocks=2)))
    wholly = native_work(alone(one_convolution(), Kernel("f44", stored_channels=6, blocks=2)))
    assert partly[Key("edgel3_f44_weights", 8)] == 2 * 1 * 8
    assert Key("edgel3_f44_weights", 8) not in wholly


def test_channels_transformed_at_start_are_not_transformed_either() -> None:
    resident = native_work(alone(one_convolution(), Kernel("f44", resident_channels=4, blocks=2)))
    assert resident[Key("edgel3_f44_weights", 8)] == 2 * 1 * 8


def test_small_tiles_have_sixteen_positions() -> None:
    # 6 x 5 tiles in groups of 8: 7 blocks of four and one of two.
    work = native_work(alone(one_convolution(), Kernel("f22", blocks=2)))
    assert work == {
        Key("edgel3_gemm_s16", 8, 4): 16 * 7 * 3,
        Key("edgel3_gemm_s16", 8, 2): 16 * 1 * 3,
        Key("weight_transform", 8): 4 * 3 * 8,
        Key("input_transform"): 30 * 4,
        Key("output_transform", outputs=4): 30 * 6,
    }


def test_direct_takes_four_pixels_and_a_pair_of_channels_at_a_time() -> None:
    work = native_work(alone(one_convolution(), Kernel("direct")))
    assert work == {Key("edgel3_gemm_s8"): 120 // 4 * 3 * (9 * 16 // 2 // 8)}


def test_one_input_channel_takes_four_pixels_of_two_rows() -> None:
    work = native_work(alone(one_convolution(channels=1), Kernel("mono")))
    assert work == {Key("edgel3_mono_run"): 12 // 2 * 6 * (20 // 4)}


def test_cmsis_nn_takes_two_pixels_two_channels_and_four_products() -> None:
    network = one_convolution()
    times = cmsis_nn_work(network)[CMSIS_LOOP]
    assert times * 2 * 2 * 4 == sum(layer.macs for layer in network.layers)


@pytest.mark.parametrize(
    ("network", "kernel"),
    [(one_convolution(), Kernel("mono_lanes")), (one_convolution(zero_point=3), Kernel("f44", blocks=1))],
)
def test_a_loop_without_a_weight_is_said_and_not_skipped(network: Network, kernel: Kernel) -> None:
    with pytest.raises(NotModelledError, match="conv1"):
        native_work(alone(network, kernel))
