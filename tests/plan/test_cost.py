"""Modelled instructions are those that QEMU counts, kernel by kernel, and cycles follow llvm-mca's loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.cost_grid import KINDS, LEAST, modelled, step_of
from edgel3_deploy.graph.ir import FullyConnected, Requantize, Tensor
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.cost import cycles, instructions
from edgel3_deploy.plan.kernel import Kernel, Step
from edgel3_deploy.plan.packed import RequantizeForm
from tests.firmware.kernels.calls import Call, pool_of, random_input, random_layer
from tests.firmware.kernels.calls import Kernel as Convolution
from tests.firmware.kernels.target import run_cases, run_on_target

TOLERANCE = 0.05


def _winograd(rng: np.random.Generator) -> list[Call]:
    """Every way of keeping weights, one to four blocks, strips of one unit and whole maps, odd sizes."""
    calls = []
    for shape, channels in (((17, 25, 32), 16), ((16, 13, 64), 8), ((11, 30, 20), 10), ((8, 6, 128), 6)):
        layer = random_layer(rng, shape, channels)
        for name in ("f44", "f22"):
            for pooled in (False, True):
                for strip in (0, 1):
                    common = Call(layer, name, requantize_form(layer), strip=strip, pooled=pooled)
                    calls += [replace(common, blocks=blocks) for blocks in (1, 2, 3, 4)]
                    calls += [
                        replace(common, stored=channels // 2, blocks=3),
                        replace(common, stored=2, resident=channels - 4, blocks=2),
                        replace(common, resident=channels, blocks=1),
                    ]
    return calls


def _rounded(rng: np.random.Generator) -> list[Call]:
    """Layers without a rectifier, and such as need the general requantization."""
    calls = []
    shapes: dict[Convolution, tuple[int, int, int]] = {
        "f44": (12, 14, 24),
        "f22": (13, 10, 16),
        "direct": (8, 9, 16),
    }
    for name, shape in shapes.items():
        layer = random_layer(rng, shape, 12, output_zero_point=4)
        steep = replace(layer, requantize=replace(layer.requantize, shift=layer.requantize.shift * 0))
        for found in (layer, steep):
            for pooled in (False, True) if name != "direct" else (False,):
                calls.append(Call(found, name, requantize_form(found), blocks=2, pooled=pooled))
    return calls


def _others(rng: np.random.Generator) -> list[Call]:
    calls = []
    for shape, channels, kernel, stride in (
        ((8, 8, 64), 32, (3, 3), (1, 1)),
        ((9, 13, 12), 7, (3, 3), (1, 1)),
        ((12, 12, 6), 8, (5, 3), (2, 1)),
        ((10, 10, 32), 16, (1, 1), (1, 1)),
    ):
        layer = random_layer(rng, shape, channels, kernel=kernel, stride=stride)
        calls += [Call(layer, "direct", requantize_form(layer), strip=strip) for strip in (0, 1)]
    for width, zero_point in ((50, -128), (31, -128), (24, 5)):
        layer = random_layer(rng, (13, width, 1), 24, output_zero_point=zero_point)
        calls += [Call(layer, "mono", requantize_form(layer), strip=strip) for strip in (0, 1, 2)]
    return calls


def _foreign(rng: np.random.Generator) -> list[Call]:
    """Some of the shapes that benchmarks/cost_grid.py measures, which no network of the family has."""
    return [call for calls in KINDS.values() for call in list(calls(rng))[::7]]


@pytest.mark.parametrize("calls", [_winograd, _rounded, _others, _foreign])
def test_the_model_is_within_a_twentieth_of_what_qemu_counts(
    arm_gcc: Path, qemu: Path, tmp_path: Path, calls: Callable[[np.random.Generator], Iterable[Call]]
) -> None:
    rng = np.random.default_rng(12)
    cases = [(call, random_input(rng, call.layer)) for call in calls(rng)]
    results = run_on_target(arm_gcc, qemu, tmp_path, cases)
    far = [
        (
            call.kernel,
            call.layer.input.shape,
            call.form.name,
            call.pooled,
            modelled(call),
            result.instructions,
        )
        for (call, _), result in zip(cases, results, strict=True)
        if result.instructions >= LEAST and abs(modelled(call) / result.instructions - 1) > TOLERANCE
    ]
    assert far == []


POOLS = """
#include "cases.h"
#include "edgel3_kernels.h"
static int8_t map[40000] __attribute__((aligned(8))), to[40000];
static uint32_t weights[8000], scratch[2000];
static edgel3_channel_t channels[64];
{functions}
const case_t cases[] = {{{table}}};
const uint32_t case_count = {count};
"""


def _pools() -> list[tuple[Step, int, str]]:
    """Steps with their units per call and the C that runs them."""
    found: list[tuple[Step, int, str]] = []
    for height, width, depth in ((16, 12, 64), (9, 13, 6), (12, 25, 32)):
        source = Tensor(0, "in", (height, width, depth), 1.0, -128)
        pool = pool_of(source)
        maps = f"const edgel3_map_t from = {{map, {height}, {height}, {width}, {depth}}}; "
        half = (
            maps + f"const edgel3_map_t half = {{to, {height // 2}, {height // 2}, {width // 2}, {depth}}}; "
        )
        rows = f"for (int32_t y = 0; y < {height // 2}; y++) edgel3_max_pool_2x2(&from, &half, y, y + 1);"
        any_pool = "const edgel3_max_pool_t pool = {2, 2, 2, 2, 0, 0, -128, 127}; "
        found += [
            (Step(0, "pool", (pool,), Kernel("max_pool_2x2")), 1, half + rows),
            (
                Step(0, "pool", (pool,), Kernel("max_pool_2x2")),
                height // 2,
                half + f"edgel3_max_pool_2x2(&from, &half, 0, {height // 2});",
            ),
            (
                Step(0, "pool", (pool,), Kernel("max_pool_any")),
                1,
                half + any_pool + "edgel3_max_pool_any(&pool, &from, &half);",
            ),
            (
                Step(0, "pool", (pool,), Kernel("max_pool_global")),
                1,
                maps + "edgel3_max_pool_global(&from, to);",
            ),
            (
                Step(0, "pool", (pool,), Kernel("max_pool_global_rows")),
                1,
                maps
                + f"for (int32_t y = 0; y < {height}; y++) edgel3_max_pool_global_rows(&from, to, y, y + 1);",
            ),
        ]
    for features, outputs in ((64, 10), (200, 33), (515, 8)):
        layer = FullyConnected(
            *(0, "fc", "fc", Tensor(0, "in", (features,), 1.0, 0), Tensor(1, "out", (outputs,), 1.0, 4)),
            weights=np.ones((outputs, features), np.int8),
            bias=np.zeros(outputs, np.int32),
            requantize=Requantize(np.full(outputs, 1 << 30, np.int32), np.full(outputs, -8, np.int32)),
            activation_min=-128,
            activation_max=127,
        )
        struct = (
            "const edgel3_conv_t layer = {.weights = weights, .channels = channels, .activation_min = -128, "
            f".activation_max = 127, .requantize = {int(requantize_form(layer))}}}; "
        )
        run = f"edgel3_fully_connected(&layer, map, {features}, to, {outputs}, scratch);"
        found.append((Step(0, "fc", (layer,), Kernel("fully_connected")), 1, struct + run))
    return found


def test_poolings_and_dense_layers_are_as_near(arm_gcc: Path, qemu: Path, tmp_path: Path) -> None:
    """A hundred instructions are left to the counter, which ticks every forty."""
    steps = _pools()
    functions = "\n".join(f"static void run{i}(void) {{ {code} }}" for i, (_, _, code) in enumerate(steps))
    table = ", ".join(f'{{"run{index}", run{index}, to, 1}}' for index in range(len(steps)))
    text = POOLS.format(functions=functions, table=table, count=len(steps))
    lines = run_cases(arm_gcc, qemu, tmp_path, text)
    for (step, units, _), line in zip(steps, lines[: len(steps)], strict=True):
        counted = int(line.split()[1])
        assert instructions(step, units) == pytest.approx(counted, rel=TOLERANCE, abs=100), step


def test_forms_are_the_ones_that_the_packers_choose() -> None:
    """For layers of usual scales; the tests above would show a wrong one by its count."""
    layer = random_layer(np.random.default_rng(0), (4, 4, 8), 4)
    assert requantize_form(layer) is RequantizeForm.RECTIFIED
    rounded = replace(layer, output=replace(layer.output, zero_point=0))
    assert requantize_form(rounded) is RequantizeForm.ROUNDED
    fast, slow = (step_of(Call(found, "f44", requantize_form(found))) for found in (layer, rounded))
    assert instructions(slow, 1) > instructions(fast, 1)


def test_cycles_are_fewer_than_instructions_where_the_core_issues_two_at_once() -> None:
    layer = random_layer(np.random.default_rng(0), (32, 25, 64), 64)
    step = step_of(Call(layer, "f44", requantize_form(layer), stored=64, blocks=1))
    assert 0.6 < cycles(step, step.units) / instructions(step, step.units) < 0.8


def test_weights_in_ram_cost_what_stored_weights_do() -> None:
    layer = random_layer(np.random.default_rng(0), (32, 25, 64), 64)
    call = Call(layer, "f44", requantize_form(layer))
    flying, stored, resident = (
        step_of(found) for found in (call, replace(call, stored=64), replace(call, resident=64))
    )
    assert instructions(resident, 1) == instructions(stored, 1) < instructions(flying, 1)
    assert resident.constant_bytes == flying.constant_bytes < stored.constant_bytes
    assert resident.scratch == stored.scratch < flying.scratch


def test_strips_cost_more_than_the_whole_map() -> None:
    layer = random_layer(np.random.default_rng(0), (32, 25, 32), 64)
    step = step_of(Call(layer, "f44", requantize_form(layer), blocks=4))
    assert instructions(step, 1) > instructions(step, step.units)
