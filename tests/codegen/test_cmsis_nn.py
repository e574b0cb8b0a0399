"""The functions that generated code calls follow the layers, and their workspace is the library's formula."""

from __future__ import annotations

import numpy as np

from edgel3_deploy.codegen.cmsis_nn import callable_network, functions_called, network_scratch
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run
from tests.graph.models import ModelBuilder, random_input


def test_functions_follow_the_layers() -> None:
    pooled = read_network(ModelBuilder((4, 4, 2)).max_pool2d().build())
    assert functions_called(pooled) == {"arm_max_pool_s8"}
    dense = ModelBuilder((4,)).fully_connected(3).build()
    assert functions_called(read_network(dense)) == {"arm_fully_connected_s8"}


def test_a_multiplier_for_each_output_takes_a_convolution() -> None:
    model = ModelBuilder((12,)).fully_connected(5, per_channel=True).fully_connected(3).build()
    network = read_network(model)
    called = callable_network(network)
    assert functions_called(called) == {
        "arm_convolve_wrapper_s8",
        "arm_convolve_wrapper_s8_get_buffer_size",
        "arm_fully_connected_s8",
    }
    values = random_input((12,))
    np.testing.assert_array_equal(run(called, values).reshape(-1), run(network, values).reshape(-1))


def test_scratch_is_two_columns_of_int16_rounded_up_to_four() -> None:
    network = read_network(ModelBuilder((6, 6, 1)).conv2d(4).max_pool2d().conv2d(8).build())
    assert network_scratch(network) == {0: 2 * 2 * 12, 2: 2 * 2 * 36}
