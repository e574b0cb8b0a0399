"""Modelled cycles: what llvm-mca says of each hot loop, times how often the loop runs in one inference.

How often follows from the shapes and the schedule, as firmware/kernels walk them:

- F(4x4,3x3) and F(2x2,3x3): a call takes the tiles of its rows in groups of 4 * blocks. Per group and pair of
  output channels: 36 or 16 positions per block of four tiles (the last may be short), and the weight
  transform for each pair of input channels unless they are stored transformed, in flash or in RAM. Per tile:
  the input transform for every four channels, the output transform for every output channel.
- one input channel: four outputs an iteration, per output channel, in runs of two rows.
- direct: eight steps an iteration, per four output pixels and pair of output channels.
- sparse: benchmarks/lane_loops.py. An iteration takes as many entries of a list as a fourth of its SMLALs,
  expands as many channels as it has STMs, and makes as many outputs of one input channel as it has STRBs.
- CMSIS-NN: two pixels, two output channels and four products an iteration.

Left out on all sides: the branch that closes a loop (the model makes it cost a short loop more than a
predicted branch does), entries and exits, drivers, pooling by itself, and remainders of four. Requantization
is in the loops of F(4x4,3x3) and of one input channel; CMSIS-NN's and direct's, CMSIS-NN's im2col and direct
convolution's gathering of patches are left out, which favours CMSIS-NN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.lane_loops import Part, lane_work
from benchmarks.loops import Loop, function_loops
from benchmarks.mca import Cost, Mca, cost
from edgel3_deploy.errors import EdgeL3DeployError
from edgel3_deploy.graph.ir import Conv2D, Network
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.packed import pairs
from edgel3_deploy.plan.schedule import Schedule

WINOGRAD_LOOPS = {
    "f44": ("edgel3_f44_input", "edgel3_f44_weights"),
    "f22": ("input_transform", "weight_transform"),
}
"""Functions of the transforms; those of F(2x2,3x3) are static in conv_f22.c."""
F22_OUTPUT = "output_transform"


class NotModelledError(EdgeL3DeployError):
    """A schedule or an image with a loop that has no weight here."""


@dataclass(frozen=True, order=True)
class Key:
    """A loop: its function, and where that has several, the operands that select one.

    `pairs` are words of packed channels, `columns` tiles in a block, `outputs` what an iteration requantizes.
    """

    function: str
    pairs: int = 0
    columns: int = 0
    outputs: int = 0

    @property
    def text(self) -> str:
        """For people, such as "edgel3_gemm_s16 (16 pairs, 4 tiles)"."""
        tiles = {0: "", 1: ", 1 tile"}.get(self.columns, f", {self.columns} tiles")
        return self.function + (f" ({self.pairs} pairs{tiles})" if self.pairs else "")


@dataclass(frozen=True)
class LoopCycles:
    """A hot loop: one iteration's cost, and iterations in one inference."""

    key: Key
    cost: Cost
    times: int

    @property
    def cycles(self) -> float:
        return self.cost.cycles * self.times


def modelled(mca: Mca, elf: Path, work: Counter[Key]) -> tuple[LoopCycles, ...]:
    """Every loop of `work` as it is in the image, the one with the most cycles first."""
    found = [_modelled(mca, elf, key, times) for key, times in sorted(work.items())]
    return tuple(sorted(found, key=lambda loop: -loop.cycles))


def _modelled(mca: Mca, elf: Path, key: Key, times: int) -> LoopCycles:
    if key in PER_ITERATION:
        mnemonic, each = PER_ITERATION[key]
        times = times * each // max(_hottest(function_loops(elf, key.function), key).count(mnemonic), 1)
    return LoopCycles(key, loop_cost(mca, elf, key), times)


LANE_LOOPS: dict[Part, Key] = {
    "taps": Key("edgel3_sparse_run_taps"),
    "bytes1": Key("edgel3_sparse_run_bytes1"),
    "bytes4": Key("edgel3_sparse_run_bytes4"),
    "expand": Key("edgel3_sparse_expand"),
    "mono": Key("edgel3_mono_lanes_run"),
}
PER_ITERATION = {
    LANE_LOOPS["taps"]: ("smlal", 4),
    LANE_LOOPS["bytes1"]: ("smlal", 4),
    LANE_LOOPS["bytes4"]: ("smlal", 4),
    LANE_LOOPS["expand"]: ("stmia", 1),
    LANE_LOOPS["mono"]: ("strb", 1),
}
"""The instruction that tells how much an iteration does, and how many of it one entry or output has."""
CMSIS_LOOP = Key("arm_nn_mat_mult_kernel_s8_s16")


def cmsis_nn_work(network: Network) -> Counter[Key]:
    """Iterations of CMSIS-NN's inner loop: arm_convolve_s8 takes two pixels' patches at a time."""
    times = 0
    for layer in network.layers:
        if isinstance(layer, Conv2D):
            height, width, outputs = layer.output.shape
            times += height * width // 2 * (outputs // 2) * (layer.weights[0].size // 4)
    return Counter({CMSIS_LOOP: times})


def native_work(schedule: Schedule) -> Counter[Key]:
    """Iterations of the native kernels' loops; NotModelledError for a kernel without weights above."""
    work: Counter[Key] = Counter()
    for group in schedule.groups:
        if group.lanes is not None:
            work += Counter({LANE_LOOPS[part]: times for part, times in lane_work(group).items()})
            continue
        for step in group.steps:
            if isinstance(step.layer, Conv2D):
                # Steps that take turns make one unit a call, a step by itself all of them.
                work += _convolution(step, step.layer, step.units if len(group.steps) == 1 else 1)
    return work


def _convolution(step: Step, layer: Conv2D, units_per_call: int) -> Counter[Key]:
    calls = -(-step.units // units_per_call)
    height, width, outputs = step.output_shape
    if step.kernel.name in WINOGRAD_TILE:
        call = _winograd(step, layer, units_per_call)
        return Counter({key: calls * times for key, times in call.items()})
    if step.kernel.name == "mono":
        return Counter({Key("edgel3_mono_run"): height // 2 * outputs * (2 * width // 4)})
    if step.kernel.name == "direct":
        blocks = calls * -(-(height // calls) * width // 4)
        words = layer.weights.shape[1] * layer.weights.shape[2] * -(-layer.weights.shape[3] // 4) * 2
        return Counter({Key("edgel3_gemm_s8"): blocks * -(-outputs // 2) * -(-words // 8)})
    raise NotModelledError(f"{step.name}: the loops of {step.kernel.text} are not modelled")


def _winograd(step: Step, layer: Conv2D, units: int) -> Counter[Key]:
    """One call over `units` rows of tiles."""
    kernel, (_, width, outputs) = step.kernel, step.output_shape
    if (layer.output.zero_point, layer.activation_min, layer.activation_max) != (-128, -128, 127):
        raise NotModelledError(f"{step.name}: the portable output transform is not modelled")
    words, output_pairs, tile = pairs(layer.weights.shape[3]), -(-outputs // 2), WINOGRAD_TILE[kernel.name]
    transformed = output_pairs - (kernel.stored_channels + kernel.resident_channels) // 2
    tiles = units * -(-width // (tile // 2 if kernel.pooled else tile))
    pixels, weights = WINOGRAD_LOOPS[kernel.name]
    output = Key("edgel3_f44_rectified_pooled" if kernel.pooled else "edgel3_f44_rectified")
    if kernel.name == "f22":
        output = Key(F22_OUTPUT, outputs=1 if kernel.pooled else tile**2)
    work = Counter(
        {
            Key(pixels): tiles * -(-layer.weights.shape[3] // 4),
            output: tiles * outputs,
            Key(weights, words): -(-tiles // (4 * kernel.blocks)) * transformed * words,
        }
    )
    for columns, blocks in ((4, tiles // 4), (tiles % 4, 1)):
        if columns:
            work[Key("edgel3_gemm_s16", words, columns)] += (tile + 2) ** 2 * blocks * output_pairs
    return +work


@cache
def loop_cost(mca: Mca, elf: Path, key: Key) -> Cost:
    """The cost of one iteration of the loop that `key` names; NotModelledError if it is not in the image."""
    loops = function_loops(elf, key.function)
    if key.function == "edgel3_gemm_s16":
        return _position(mca, loops, key)
    innermost = [loop for loop in loops if not loop.inner]
    if key.function == F22_OUTPUT:
        # The loops for rectified layers; the other forms branch within theirs.
        innermost = [loop for loop in innermost if loop.straight and loop.count("smmlar") == key.outputs]
    if key.function == "edgel3_f44_weights":
        # The usual widths have loops of their own, whose strides are immediates.
        own = [loop for loop in innermost if any(f"], #{8 * key.pairs}" in line for line in loop.code)]
        innermost = own or innermost
    return _cost(mca, _hottest(innermost, key))


def _cost(mca: Mca, loop: Loop) -> Cost:
    """Cycles without the closing branch, which counts as an instruction nevertheless."""
    return Cost(len(loop.own), cost(mca, loop.code).cycles)


def _hottest(loops: Iterable[Loop], key: Key) -> Loop:
    """The loop with the most multiplications, among equals the longest."""
    found = max(
        loops, key=lambda loop: (loop.count("smlad") + loop.count("smlal"), len(loop.own)), default=None
    )
    if found is None:
        raise NotModelledError(f"the image has no loop in {key.function}")
    return found


def _position(mca: Mca, loops: tuple[Loop, ...], key: Key) -> Cost:
    """A position of the products: a loop for exactly these pairs, or one that repeats a chunk of them.

    A position starts with two SMUADs a column. The longest chunk that divides the pairs is the one taken.
    """
    starts = [loop for loop in loops if loop.count("smuad") == 2 * key.columns]
    lengths = {
        (loop.count("smuad") + loop.count("smlad")) // (2 * key.columns): loop
        for loop in starts
        if not loop.inner
    }
    if key.pairs in lengths:
        return _cost(mca, lengths[key.pairs])
    chunks = [
        (loop.inner[0].count("smlad") // (2 * key.columns), loop) for loop in starts if len(loop.inner) == 1
    ]
    fitting = [(length, loop) for length, loop in chunks if length and key.pairs % length == 0]
    if not fitting:
        raise NotModelledError(f"the image has no loop for {key.text}")
    length, loop = max(fitting, key=lambda item: item[0])
    first, chunk = _cost(mca, loop), _cost(mca, loop.inner[0])
    further = key.pairs // length - 1
    return Cost(first.instructions + further * chunk.instructions, first.cycles + further * chunk.cycles)
