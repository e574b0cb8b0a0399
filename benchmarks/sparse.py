"""The section on a sparse network: native engines beside the dense count that no image can be linked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dense_layers import DenseCount, count_layer, dense_layers
from benchmarks.hot_loops import LoopCycles, cmsis_nn_work, modelled
from benchmarks.mca import Mca
from benchmarks.measure import Measurement
from benchmarks.results import Row
from benchmarks.table import NOT_AVAILABLE, ratio_text
from edgel3_deploy.graph.ir import Conv2D, MaxPool2D, Network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.storage import live_bytes, storages
from edgel3_deploy.progress import Progress, silent

SHAPE = "sparse-ft-95.45"
DENSE = "CMSIS-NN, dense"
HOW_DENSE = """\
No image holds the dense network: its row adds up layers, each built by itself at its full width, counted on
the rows that the next table names and continued row by row. Its flash is the weights alone, its RAM the maps
that must be there at once."""


@dataclass(frozen=True)
class Dense:
    """What the whole network would take with CMSIS-NN: `instructions` counted layer by layer on parts.

    `flash` has the int8 weights alone, `ram` the maps that must be there at once, both in bytes. `cycles` is
    llvm-mca's for the inner loop, None without it.
    """

    counts: tuple[DenseCount, ...]
    flash: int
    ram: int
    cycles: float | None

    @property
    def instructions(self) -> int:
        return sum(count.instructions for count in self.counts)

    @property
    def exact(self) -> bool:
        return all(count.exact for count in self.counts)

    def to_json(self) -> dict[str, Any]:
        return {
            "engine": DENSE,
            "instructions": self.instructions,
            "modelled_cycles": self.cycles,
            "weights": self.flash,
            "maps": self.ram,
            "bit_exact": self.exact,
            "layers": [
                {
                    "name": count.layer.name,
                    "instructions": count.instructions,
                    "rows_counted": count.rows,
                    "rows": count.layer.height,
                    "outputs_counted": count.outputs,
                    "outputs": count.layer.outputs,
                }
                for count in self.counts
            ],
        }


@dataclass(frozen=True)
class Section:
    """The native engines of a sparse network, and its dense count where CMSIS-NN is at hand.

    `macs`: non-zero multiply-accumulates by the index of the convolution.
    """

    dense: Dense | None
    rows: tuple[Row, ...]
    macs: dict[int, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "dense": None if self.dense is None else self.dense.to_json(),
            "non_zero_macs": sum(self.macs.values()),
            "rows": [
                {
                    **row.to_json(self.rows[0]),
                    "instructions_per_non_zero_mac": per_mac(row.measurement, self.macs),
                }
                for row in self.rows
            ],
        }


def non_zero_macs(network: Network) -> dict[int, int]:
    """By the index of each convolution: weights that are not zero times the outputs that are needed.

    A 2x2 pooling behind it that drops an odd row or column drops their outputs.
    """
    found = {}
    for layer, following in pairwise((*network.layers, None)):
        if not isinstance(layer, Conv2D):
            continue
        height, width, _ = layer.output.shape
        if isinstance(following, MaxPool2D) and following.stride == following.window:
            rows, columns = following.window
            height, width = height // rows * rows, width // columns * columns
        found[layer.index] = int(np.count_nonzero(layer.weights)) * height * width
    return found


def per_layer(measurement: Measurement, network: Network) -> dict[int, int]:
    """Instructions by the index of each convolution, with what follows up to the next one."""
    starts = [layer.index for layer in network.layers if isinstance(layer, Conv2D)]
    ends = [*starts[1:], len(network.layers)]
    return {
        start: sum(step.instructions for step in measurement.steps if start <= step.layers[-1] < end)
        for start, end in zip(starts, ends, strict=True)
    }


def per_mac(measurement: Measurement, macs: dict[int, int]) -> float:
    """Instructions of the whole inference for each non-zero multiply-accumulate."""
    return measurement.instructions / sum(macs.values())


def dense(network: Network, folder: Path, mca: Mca | None, progress: Progress = silent) -> Dense:
    """Count every layer of the shape with CMSIS-NN. Raises what `count_layer` raises."""
    counts = []
    for layer in dense_layers(member(SHAPE)):
        progress(f"counting {layer.name}, dense")
        counts.append(count_layer(layer, folder))
    loops: tuple[LoopCycles, ...] | None = None
    if mca is not None:
        loops = modelled(mca, counts[-1].elf, cmsis_nn_work(network))
    return Dense(
        counts=tuple(counts),
        flash=sum(layer.weights.size for layer in network.layers if isinstance(layer, Conv2D)),
        ram=max(live_bytes(network, storages(network), {})),
        cycles=None if loops is None else sum(loop.cycles for loop in loops),
    )


def engines(section: Section) -> list[Sequence[str]]:
    """The comparison as cells, header first. Ratios are to the dense count, without it to the first row."""
    dense, macs = section.dense, sum(section.macs.values())
    most = section.rows[0].measurement.instructions if dense is None else dense.instructions
    most_cycles = section.rows[0].cycles if dense is None else dense.cycles
    lines: list[Sequence[str]] = [_HEADER]
    if dense is not None:
        exact = f"{'yes' if dense.exact else 'NO'} (each part)"
        costs = _costs(dense.instructions, dense.cycles, macs, most=most, most_cycles=most_cycles)
        lines.append((DENSE, *costs, f"over {dense.flash:,}", f"over {dense.ram:,}", exact))
    for row in section.rows:
        result = row.measurement
        exact = f"{'yes' if result.exact else 'NO'} ({result.compared})"
        costs = _costs(result.instructions, row.cycles, macs, most=most, most_cycles=most_cycles)
        lines.append((result.variant.name, *costs, f"{result.flash:,}", f"{result.ram:,}", exact))
    return lines


_HEADER = (
    "engine",
    "instructions",
    "ratio",
    "per non-zero MAC",
    "modelled cycles",
    "ratio",
    "flash",
    "RAM in all",
    "bit-exact",
)


def _costs(
    instructions: int, cycles: float | None, macs: int, *, most: int, most_cycles: float | None
) -> tuple[str, ...]:
    return (
        f"{instructions / 1e6:,.1f} M",
        ratio_text(most, instructions),
        f"{instructions / macs:.3f}",
        NOT_AVAILABLE if cycles is None else f"{cycles / 1e6:,.1f} M",
        ratio_text(most_cycles, cycles) if cycles and most_cycles else NOT_AVAILABLE,
    )


def layers(section: Section, network: Network) -> list[Sequence[str]]:
    """Instructions by convolution, dense and native, and for each non-zero multiply-accumulate, as cells."""
    names = [row.measurement.variant.name for row in section.rows]
    counts = section.dense.counts if section.dense is not None else ()
    header = ["layer", "non-zero MACs", *((DENSE, "counted on") if counts else ())]
    lines: list[Sequence[str]] = [(*header, *(cell for name in names for cell in (name, "per MAC")))]
    native = [per_layer(row.measurement, network) for row in section.rows]
    for place, (index, macs) in enumerate(section.macs.items()):
        cells = [network.layers[index].name, f"{macs / 1e6:.1f} M"]
        if counts:
            cells += [f"{counts[place].instructions / 1e6:,.1f} M", counted(counts[place])]
        for found in native:
            cells += [f"{found[index] / 1e6:.1f} M", f"{found[index] / macs:.3f}"]
        lines.append(cells)
    return lines


def counted(count: DenseCount) -> str:
    """What a dense layer was counted on, such as "8 of 256 rows"."""
    text = f"{count.rows} of {count.layer.height} rows"
    if count.outputs < count.layer.outputs:
        text += f", {count.outputs} of {count.layer.outputs} outputs"
    return text
