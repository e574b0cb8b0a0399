"""The functions that generated code calls follow the layers, and their workspace is the library's formula."""

from __future__ import annotations

import pytest

from edgel3_deploy.codegen.cmsis_nn import fully_connected_function, functions_called, network_scratch
from edgel3_deploy.graph.ir import FullyConnected
from edgel3_deploy.graph.reader import read_network
from tests.graph.models import ModelBuilder


def test_functions_follow_the_layers() -> None:
    pooled = read_network(ModelBuilder((4, 4, 2)).max_pool2d().build())
    assert functions_called(pooled) == {"arm_max_pool_s8"}
    dense = ModelBuilder((4,)).fully_connected(3).build()
    assert functions_called(read_network(dense)) == {"arm_fully_connected_s8"}


@pytest.mark.parametrize(
    ("per_channel", "function"),
    [(False, "arm_fully_connected_s8"), (True, "arm_fully_connected_per_channel_s8")],
)
def test_per_channel_weights_need_their_own_function(per_channel: bool, function: str) -> None:
    network = read_network(ModelBuilder((4,)).fully_connected(3, per_channel=per_channel).build())
    layer = network.layers[0]
    assert isinstance(layer, FullyConnected)
    assert fully_connected_function(layer) == function


def test_scratch_is_two_columns_of_int16_rounded_up_to_four() -> None:
    network = read_network(ModelBuilder((6, 6, 1)).conv2d(4).max_pool2d().conv2d(8).build())
    assert network_scratch(network) == {0: 2 * 2 * 12, 2: 2 * 2 * 36}
