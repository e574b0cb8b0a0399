"""How near the planner's cost model is to what QEMU counts, over shapes that are none of EdgeL3's.

`python -m benchmarks.cost_grid` runs each kernel by itself, compares its outputs with the reference's, and
prints for each kind of shape between which limits modelled and counted instructions differ. Counts come in
steps of 40.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.table import aligned
from edgel3_deploy.graph.ir import Layer
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.cost import instructions
from edgel3_deploy.plan.kernel import Kernel, Step
from tests.firmware.kernels.calls import Call, pool_of, random_input, random_layer
from tests.firmware.kernels.target import run_on_target

LEAST = 1_000
"""Instructions of a call below which a step of the counter is more than a few percent."""
_AT_ONCE = 40
"""Calls in an image."""
_SMALL = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 7), (1, 20), (20, 1), (8, 8))

Calls = Iterator[Call]


@dataclass(frozen=True)
class Deviation:
    """Modelled against counted instructions of one call."""

    kind: str
    call: Call
    modelled: int
    counted: int
    exact: bool

    @property
    def share(self) -> float:
        """0 if the model is right, 0.1 if it is a tenth too high."""
        return self.modelled / self.counted - 1


def step_of(call: Call) -> Step:
    """The step that makes this call."""
    layers: tuple[Layer, ...] = (call.layer,)
    if call.pooled:
        layers += (pool_of(call.layer.output),)
    blocks = call.blocks if call.kernel in ("f44", "f22") else 0
    kernel = Kernel(call.kernel, call.stored, blocks, call.pooled, resident_channels=call.resident)
    return Step(0, "step", layers, kernel)


def modelled(call: Call) -> int:
    """Its modelled instructions."""
    step = step_of(call)
    return instructions(step, call.strip or step.units)


def _direct(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    outputs: int,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
) -> Calls:
    layer = random_layer(rng, shape, outputs, kernel=kernel, stride=stride)
    for strip in (0, 1):
        yield Call(layer, "direct", requantize_form(layer), strip=strip)


def _winograd(rng: np.random.Generator, shape: tuple[int, int, int], outputs: int) -> Calls:
    layer = random_layer(rng, shape, outputs)
    first = Call(layer, "f44", requantize_form(layer))
    names: tuple[Literal["f44", "f22"], ...] = ("f44", "f22")
    for name, blocks in product(names, (1, 3)):
        yield replace(first, kernel=name, blocks=blocks)
        if min(shape[:2]) > 1:
            yield replace(first, kernel=name, blocks=blocks, pooled=True)


def _mono(rng: np.random.Generator, size: tuple[int, int], outputs: int) -> Calls:
    layer = random_layer(rng, (*size, 1), outputs)
    for strip in (0, 1, 2):
        yield Call(layer, "mono", requantize_form(layer), strip=strip)


def small_images(rng: np.random.Generator) -> Calls:
    for size in _SMALL:
        yield from _direct(rng, (*size, 16), 16)
        yield from _winograd(rng, (*size, 16), 8)
        for outputs in (1, 8):
            yield from _mono(rng, size, outputs)


def odd_kernels(rng: np.random.Generator) -> Calls:
    for kernel in ((1, 3), (3, 1), (2, 2), (5, 5), (7, 7), (1, 9)):
        yield from _direct(rng, (9, 9, 8), 12, kernel)
        yield from _direct(rng, (9, 9, 3), 5, kernel)


def pointwise(rng: np.random.Generator) -> Calls:
    for inputs, outputs in ((8, 8), (64, 64), (128, 128), (256, 64), (64, 256), (512, 16)):
        yield from _direct(rng, (4, 4, inputs), outputs, (1, 1))


def strides(rng: np.random.Generator) -> Calls:
    for stride, kernel in product(((2, 2), (2, 1), (3, 3)), ((3, 3), (1, 1), (5, 5))):
        yield from _direct(rng, (12, 12, 8), 8, kernel, stride)
    yield from _direct(rng, (16, 16, 1), 8, (3, 3), (2, 2))
    yield from _direct(rng, (16, 16, 3), 16, (3, 3), (2, 2))


def many_channels(rng: np.random.Generator) -> Calls:
    for shape, outputs in (((3, 3, 256), 32), ((8, 8, 128), 8), ((8, 8, 256), 8), ((8, 8, 8), 128)):
        yield from _direct(rng, shape, outputs)
        yield from _winograd(rng, shape, outputs)


def few_channels(rng: np.random.Generator) -> Calls:
    for inputs, outputs in product((1, 3, 4, 8), (1, 2, 3)):
        yield from _direct(rng, (8, 8, inputs), outputs)
        yield from _direct(rng, (8, 8, inputs), outputs, (1, 1))
        yield from _winograd(rng, (8, 8, inputs), outputs)


KINDS: dict[str, Callable[[np.random.Generator], Calls]] = {
    "small images": small_images,
    "odd kernels": odd_kernels,
    "1x1, wide": pointwise,
    "strides": strides,
    "many channels": many_channels,
    "few channels": few_channels,
}
"""The grid: calls by kind of shape."""


def measure(gcc: Path, qemu: Path, folder: Path, seed: int = 7) -> list[Deviation]:
    """Build, run and count all calls of the grid in `folder`."""
    rng = np.random.default_rng(seed)
    cases = [
        (kind, call, random_input(rng, call.layer)) for kind, calls in KINDS.items() for call in calls(rng)
    ]
    found = []
    for start in range(0, len(cases), _AT_ONCE):
        part = cases[start : start + _AT_ONCE]
        results = run_on_target(gcc, qemu, folder, [(call, values) for _, call, values in part])
        for (kind, call, values), result in zip(part, results, strict=True):
            exact = np.array_equal(result.output, call.expected(values))
            found.append(Deviation(kind, call, modelled(call), result.instructions, exact))
    return found


def rows(found: list[Deviation]) -> list[tuple[str, ...]]:
    """A header, then kind, kernel, calls, and the lowest and highest deviation."""
    table: list[tuple[str, ...]] = [("shapes", "kernel", "calls", "model low by", "model high by")]
    for kind, kernel in dict.fromkeys((item.kind, item.call.kernel) for item in found):
        counted = [item for item in found if (item.kind, item.call.kernel) == (kind, kernel)]
        shares = [item.share for item in counted if item.counted >= LEAST]
        low, high = max(-min(shares), 0.0), max(*shares, 0.0)
        table.append((kind, kernel, str(len(shares)), f"{low:.1%}", f"{high:.1%}"))
    return table


def main() -> int:
    """Print the table; the exit code is not 0 if an output differs."""
    argparse.ArgumentParser(prog="python -m benchmarks.cost_grid", description=__doc__).parse_args()
    gcc, qemu = (shutil.which(name) for name in ("arm-none-eabi-gcc", "qemu-system-arm"))
    if gcc is None or qemu is None:
        print("cost_grid: needs arm-none-eabi-gcc and qemu-system-arm", file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(gcc), Path(qemu), Path(folder))
    print(aligned(rows(found)))
    return 0 if all(item.exact for item in found) else 1


if __name__ == "__main__":
    sys.exit(main())
