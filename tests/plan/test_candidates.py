"""Kernels are offered where they are exact, and fused where the maximum may come first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.graph.ir import Conv2D, Network, Requantize
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.candidates import operations, steps_from
from tests.graph.models import ModelBuilder


def names(network: Network, position: int = 0) -> set[tuple[str, bool]]:
    """Kernels offered at a position, and whether they take the pooling along."""
    return {(step.kernel.name, step.kernel.pooled) for step in steps_from(operations(network), position)}


def with_first(network: Network, **changes: Any) -> Network:
    first = replace(network.layers[0], **changes)
    return replace(network, layers=(first, *network.layers[1:]))


def test_reshapes_belong_to_the_operation_before_them() -> None:
    network = read_network(
        ModelBuilder((4, 4, 1))
        .reshape((2, 8, 1))
        .conv2d(3)
        .reshape((48,))
        .reshape((6, 8, 1))
        .conv2d(2)
        .build()
    )
    assert [[layer.name for layer in part] for part in operations(network)] == [
        ["conv1", "reshape2", "reshape3"],
        ["conv2"],
    ]


def test_all_exact_kernels_are_offered_alone_and_with_the_pooling() -> None:
    network = read_network(ModelBuilder((8, 8, 4)).conv2d(6).max_pool2d().build())
    assert names(network) == {
        ("f44", False), ("f22", False), ("direct", False), ("f44", True), ("f22", True)
    }  # fmt: skip
    assert {step.kernel.stored_channels for step in steps_from(operations(network), 0)} == {0, 2, 6}


def test_one_input_channel_has_its_own_kernel() -> None:
    assert names(read_network(ModelBuilder((8, 8, 1)).conv2d(6).build())) == {("mono", False)}


@pytest.mark.parametrize(
    ("bits", "kernels"), [(24, {"f44", "f22", "direct"}), (25, {"f22", "direct"}), (29, {"direct"})]
)
def test_a_kernel_whose_bound_fails_is_not_offered(bits: int, kernels: set[str]) -> None:
    network = read_network(ModelBuilder((8, 8, 4)).conv2d(6).build())
    bias = np.full(6, 1 << bits, np.int32)
    assert {name for name, _ in names(with_first(network, bias=bias))} == kernels


@pytest.mark.parametrize(("kernel", "stride"), [((3, 3), (2, 1)), ((5, 5), (1, 1)), ((1, 1), (1, 1))])
def test_other_shapes_are_direct(kernel: tuple[int, int], stride: tuple[int, int]) -> None:
    network = read_network(ModelBuilder((8, 8, 4)).conv2d(6, kernel, stride=stride).build())
    assert names(network) == {("direct", False)}


def test_no_pooling_on_the_way_where_a_shift_may_wrap() -> None:
    network = read_network(ModelBuilder((8, 8, 4)).conv2d(6).max_pool2d().build())
    layer = network.layers[0]
    assert isinstance(layer, Conv2D)
    wild = Requantize(layer.requantize.multiplier, np.full(6, 14, np.int32))
    assert not any(pooled for _, pooled in names(with_first(network, requantize=wild)))


@pytest.mark.parametrize(
    ("builder", "name"),
    [
        (ModelBuilder((8, 8, 4)).max_pool2d(), "max_pool_2x2"),
        (ModelBuilder((9, 7, 4)).max_pool2d(), "max_pool_2x2"),
        (ModelBuilder((9, 8, 4)).max_pool2d(same=True), "max_pool_any"),
        (ModelBuilder((8, 8, 4)).max_pool2d(activation="RELU"), "max_pool_any"),
        (ModelBuilder((8, 8, 4)).max_pool2d(stride=(1, 2)), "max_pool_any"),
        (ModelBuilder((5, 3, 4)).max_pool2d((5, 3), stride=(5, 3)), "max_pool_global"),
        (ModelBuilder((8, 8, 4)).max_pool2d((3, 3), same=True), "max_pool_any"),
    ],
)
def test_poolings_by_their_window(builder: ModelBuilder, name: str) -> None:
    by_rows = {("max_pool_global_rows", False)} if name == "max_pool_global" else set()
    assert names(read_network(builder.build())) == {(name, False)} | by_rows
