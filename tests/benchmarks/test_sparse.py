"""The section on the sparse network: what a non-zero MAC is, and whose instructions are whose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from benchmarks.dense_layers import DenseCount, DenseLayer
from benchmarks.measure import Measurement, StepCount
from benchmarks.models import PRUNED, Model
from benchmarks.results import Row
from benchmarks.sparse import Dense, Section, engines, layers, non_zero_macs, per_layer
from benchmarks.variants import BALANCED, LIMITED
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.graph.reader import read_network
from tests.graph.models import ModelBuilder


@pytest.fixture(scope="module")
def network() -> Network:
    """Two convolutions of 7 x 5 pixels, a pooling that drops a row and a column, and one of 3 x 2."""
    builder = ModelBuilder((7, 5, 1)).conv2d(2).conv2d(2).max_pool2d().conv2d(3)
    found = read_network(builder.build())
    return replace(found, layers=tuple(with_weights(layer, 5) for layer in found.layers))


def with_weights(layer: Any, left: int) -> Any:
    """The layer with so many weights that are not zero."""
    if not isinstance(layer, Conv2D):
        return layer
    weights = np.zeros_like(layer.weights)
    weights.reshape(-1)[:left] = 1
    return replace(layer, weights=weights)


def measurement(*steps: StepCount, **changes: Any) -> Measurement:
    total = sum(step.instructions for step in steps)
    given: dict[str, Any] = {"variant": BALANCED, "flash": 700_000, "ram": 400_000, **changes}
    return Measurement(
        model=Model("sparse", PRUNED, ""),
        instructions=total,
        exact=True,
        compared="output and 3 steps",
        steps=steps,
        build=cast(Any, None),
        **given,
    )


FUSED = measurement(
    StepCount((0,), "conv1", 700), StepCount((1, 2), "conv2", 3_000), StepCount((3,), "conv3", 300)
)
APART = measurement(
    StepCount((0,), "conv1", 700),
    StepCount((1,), "conv2", 2_900),
    StepCount((2,), "pool1", 200),
    StepCount((3,), "conv3", 300),
    variant=LIMITED,
)


def section(*measurements: Measurement, dense: bool = True) -> Section:
    layer = DenseLayer("conv2", 7, 5, 2, 2, "2x2")
    count = DenseCount(layer, rows=4, outputs=1, instructions=5_000_000, exact=True, elf=Path())
    whole = Dense((count,) * 3, flash=4_700_000, ram=6_500_000, cycles=4e6) if dense else None
    rows = tuple(Row(item, None) for item in measurements)
    return Section(whole, rows, {0: 1_000, 1: 4_000, 3: 500})


def test_macs_are_counted_where_weight_and_output_are_needed(network: Network) -> None:
    assert non_zero_macs(network) == {0: 5 * 7 * 5, 1: 5 * 6 * 4, 3: 5 * 3 * 2}


def test_a_pooling_belongs_to_the_convolution_before_it(network: Network) -> None:
    assert per_layer(FUSED, network) == {0: 700, 1: 3_000, 3: 300}
    assert per_layer(APART, network) == {0: 700, 1: 3_100, 3: 300}


def test_ratios_are_to_the_dense_count() -> None:
    header, dense, native = engines(section(FUSED))
    assert dict(zip(header, dense, strict=True))["flash"] == "over 4,700,000"
    assert native[0] == "native (default)"
    assert native[2] == f"{15_000_000 / 4_000:.2f}x"
    assert native[3] == f"{4_000 / 5_500:.3f}"


def test_without_cmsis_nn_ratios_are_to_the_first_row(network: Network) -> None:
    _, first, second = engines(section(FUSED, APART, dense=False))
    assert (first[2], second[2]) == ("1.00x", f"{4_000 / 4_100:.2f}x")
    assert layers(section(FUSED, dense=False), network)[0] == (
        "layer",
        "non-zero MACs",
        "native (default)",
        "per MAC",
    )


def test_layers_say_on_what_the_dense_count_stands(network: Network) -> None:
    _, _, conv2, _ = layers(section(FUSED, APART), network)
    assert conv2[:4] == ["conv2", "0.0 M", "5.0 M", "4 of 7 rows, 1 of 2 outputs"]
    assert (conv2[5], conv2[7]) == (f"{3_000 / 4_000:.3f}", f"{3_100 / 4_000:.3f}")


def test_json_has_the_figures_of_the_tables() -> None:
    content = section(FUSED).to_json()
    assert content["non_zero_macs"] == 5_500
    assert content["rows"][0]["instructions_per_non_zero_mac"] == pytest.approx(4_000 / 5_500)
    assert content["dense"]["instructions"] == 15_000_000
    assert content["dense"]["layers"][0]["rows_counted"] == 4


def test_a_limit_has_a_folder_of_its_own() -> None:
    assert {BALANCED.slug, LIMITED.slug} == {"native-balanced", "native-balanced-ram-262144"}
