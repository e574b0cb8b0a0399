"""Post-training quantization in numpy: a float network and calibration windows become int8 layers.

Layer by layer, on inputs that are quantized already: scales, rounding, and a bias that keeps the mean output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.frontend import DYNAMIC_RANGE_DB
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.fixed_point import quantize_multipliers, requantize
from edgel3_deploy.models.network import FloatConv, FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import gptq
from edgel3_deploy.quantize.calibration import CalibrationSet, has_silence
from edgel3_deploy.quantize.curvature import curvatures
from edgel3_deploy.quantize.equalize import channel_factors, rescale
from edgel3_deploy.quantize.patches import convolve, halve, patches
from edgel3_deploy.quantize.statistics import Silence, Statistics

FloatArray = NDArray[np.float32]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Method = Literal["gptq", "mse", "minmax"]

_THREADS = 2
_LEAST_RANGE = 1e-6
_MOST_BIAS = 2.0**30
_INPUT_STEPS, _MOST_OUTPUT = 256, 2.0**29
"""Steps of a layer's input, and of its scaled sums before they are clamped: where pruning left a layer
nothing to say, its range is as small as its biases are large.
"""


_LOUDEST_SHARE = 96
"""One in so many generated sounds is among the loudest of a channel, whose mean says how far sounds drive it:
the very loudest is an accident of the draw.
"""


@dataclass(frozen=True)
class Reach:
    """How far an activation range goes: these multiples of the maxima of calibration windows full of sound,
    of those with digital silence, and of what the loudest generated sounds reach.
    """

    full: float
    silent: float
    generated: float


INNER_REACH = Reach(1.2, 1.0, 0.92)
"""A clipped channel errs alike over a whole sound, and later layers add that up: ranges reach nearly all
that generated sounds drive.
"""
OUTPUT_REACH = Reach(1.1, 1.0, 0.7)
"""Steps of the embedding are most of a quiet window's error, and only few sounds come near the end."""
_MINMAX_REACH = Reach(1.0, 1.0, 0.0)


@dataclass(frozen=True)
class Scale:
    """real = scale * (q - zero_point), q int8."""

    scale: float
    zero_point: int

    def quantize(self, real: FloatArray) -> FloatArray:
        """`real` after a round trip through int8."""
        rounded: FloatArray = np.rint(real * np.float32(1 / self.scale)) + np.float32(self.zero_point)
        np.clip(rounded, -128, 127, out=rounded)
        rounded -= np.float32(self.zero_point)
        rounded *= np.float32(self.scale)
        return rounded


@dataclass(frozen=True)
class Int8Conv:
    """A quantized 3x3 'same' convolution: weights int8 (3, 3, in, out), scales (out,), bias int32 (out,).

    `factors` (out,) are what equalization divided its output channels by. `sqnr_db` compares its output with
    the float network's on the calibration windows; it includes the errors of all layers before.
    """

    name: str
    weights: NDArray[np.int8]
    weight_scales: NDArray[np.float32]
    bias: NDArray[np.int32]
    relu: bool
    output: Scale
    factors: Vector
    sqnr_db: float


@dataclass(frozen=True)
class Int8Network:
    """The layers of a quantized network; its real input is x = input_gain * dB + input_offset."""

    input: Scale
    convs: tuple[Int8Conv, ...]


def input_scale(network: FloatNetwork) -> Scale:
    """The scale that spans exactly what the front end gives, -80 to 0 dB, and zero, which pads the first
    layer.
    """
    ends = (network.input_offset - network.input_gain * DYNAMIC_RANGE_DB, network.input_offset)
    return _scale_of(min(*ends, 0.0), max(*ends, 0.0))


def _scale_of(low: float, high: float, least: float = 0.0) -> Scale:
    scale = float(np.float32(max((high - low) / 255, _LEAST_RANGE / 255, least)))
    return Scale(scale, int(np.clip(round(-128 - low / scale), -128, 127)))


def quantize_layers(
    network: FloatNetwork, sounds: CalibrationSet, method: Method = "gptq", progress: Progress = silent
) -> Int8Network:
    """Quantize `network` with statistics of the windows of `sounds` that are full of sound.

    Activation ranges also look at other windows (see `Reach`): silence within a window drives activations
    beyond those of any full one, yet would spoil the statistics that weights are rounded by. Raises
    BadInputError if a layer's outputs overflow float32.
    """
    from threadpoolctl import threadpool_limits

    # One BLAS thread for each window: these products are too small to be shared out among threads.
    with threadpool_limits(1), ThreadPoolExecutor(_THREADS) as pool:
        return _Pipeline(network, sounds, method, pool).run(progress)


class _Pipeline:
    """The float network and the quantized one side by side, one layer after the other."""

    def __init__(
        self,
        network: FloatNetwork,
        sounds: CalibrationSet,
        method: Method,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._network = network
        self._method = method
        self._pool = pool
        self._input = input_scale(network)
        gain, offset = np.float32(network.input_gain), np.float32(network.input_offset)
        heard, others = _shared_out(sounds)
        groups = (sounds.without_silence(), heard, sounds.with_silence(), others)
        self._sizes = [len(group) for group in groups]
        self._is_recorded = sounds.is_recorded
        self._exact = [gain * window[..., None] + offset for group in groups for window in group]
        self._rounded = [self._input.quantize(window) for window in self._exact[: sum(self._sizes[:2])]]
        # The front end makes 0 dB throughout of digital silence: nothing is louder than the rest.
        silence = np.full((network.n_mels, network.frames, 1), offset, np.float32)
        self._silence = Silence(silence, self._input.quantize(silence))

    def run(self, progress: Progress) -> Int8Network:
        if self._method == "gptq":
            progress("weighing errors by what the embedding feels")
            self._curvatures = curvatures(self._network, self._exact[: len(self._rounded)], self._pool)
        entering, factors, convs = self._input, np.ones(1), []
        for index, conv in enumerate(self._network.convs):
            progress("quantizing layers", index, len(self._network.convs))
            quantized, factors = self._layer(index, conv, entering, factors)
            entering = quantized.output
            convs.append(quantized)
        return Int8Network(self._input, tuple(convs))

    def _layer(
        self, index: int, conv: FloatConv, entering: Scale, incoming: Vector
    ) -> tuple[Int8Conv, Vector]:
        """Quantize one convolution and move all windows behind it; `incoming`: factors of its input
        channels.
        """
        statistics = Statistics.of(self._rounded, self._pool)
        linear = self._in_place(self._exact, lambda x: convolve(x, conv.weights, conv.bias))
        with np.errstate(invalid="ignore"):
            means = [x.mean(axis=(0, 1), dtype=np.float64) for x in linear[: len(self._rounded)]]
        outputs = [_rectified(x, conv.relu) for x in linear]
        is_last = index == len(self._network.convs) - 1
        reach = OUTPUT_REACH if is_last else INNER_REACH
        lows, highs = self._ranges(_extremes(outputs), _MINMAX_REACH if self._method == "minmax" else reach)
        if not (np.isfinite(lows).all() and np.isfinite(highs).all()):
            raise BadInputError(f"the outputs of {conv.name} overflow float32", "Give other weights.")
        equalized = self._method == "gptq" and conv.relu and not is_last
        outgoing = channel_factors(highs) if equalized else np.ones(len(highs))
        scaled = rescale(conv, incoming, outgoing)
        least_scales = np.abs(scaled.bias) / (entering.scale * _MOST_BIAS)
        if self._method == "gptq":
            felt = statistics.with_curvature(self._curvatures[index], incoming)
            rounding, rounding_statistics = self._silence.corrected(scaled, felt, incoming)
        else:
            rounding, rounding_statistics = scaled, statistics
        weights, scales = _round_weights(rounding, rounding_statistics, self._method, least_scales)
        if self._method == "minmax":
            bias = scaled.bias.astype(np.float64)
        else:
            bias = np.mean(means, axis=0) / outgoing - statistics.mean @ (weights * scales)
        unit = entering.scale * scales
        steps = np.clip(np.rint(bias / unit), -(2**31) + 1, 2**31 - 1)
        largest = unit * (np.abs(steps) + _INPUT_STEPS * np.abs(weights).sum(axis=0))
        output = _scale_of(
            float((lows / outgoing).min()),
            float((highs / outgoing).max()),
            float(largest.max()) / _MOST_OUTPUT,
        )
        kernel = (weights * scales).reshape(conv.weights.shape).astype(np.float32)
        offsets = (steps * unit).astype(np.float32)
        results = self._in_place(
            self._rounded, lambda x: _requantized(convolve(x, kernel, offsets), conv.relu, output)
        )
        self._silence = Silence(
            _rectified(convolve(self._silence.exact, conv.weights, conv.bias), conv.relu),
            _as_computed(self._silence.rounded, entering, (weights, steps), scales, conv.relu, output),
        )
        sqnr_db = _sqnr(outputs, results[: self._sizes[0]], outgoing.astype(np.float32))
        halved = index % 2 == 1 and not is_last
        self._exact = [halve(x) for x in outputs] if halved else outputs
        self._rounded = [halve(x) for x in results] if halved else results
        if halved:
            self._silence = Silence(halve(self._silence.exact), halve(self._silence.rounded))
        integers = weights.reshape(conv.weights.shape).astype(np.int8)
        quantized = Int8Conv(
            conv.name,
            integers,
            scales.astype(np.float32),
            steps.astype(np.int32),
            conv.relu,
            output,
            outgoing,
            sqnr_db,
        )
        return quantized, outgoing

    def _in_place(
        self, windows: list[FloatArray], change: Callable[[FloatArray], FloatArray]
    ) -> list[FloatArray]:
        """`windows` themselves, each replaced by what `change` makes of it: L3 takes gigabytes."""

        def change_one(index: int) -> None:
            windows[index] = change(windows[index])

        list(self._pool.map(change_one, range(len(windows))))
        return windows

    @np.errstate(invalid="ignore")  # an infinite maximum is refused by what asks for it
    def _ranges(self, extremes: Matrix, reach: Reach) -> tuple[Vector, Vector]:
        """The lowest and highest value that each output channel must hold, zero included: (out,) each."""
        full, heard, silent, others = np.split(extremes, np.cumsum(self._sizes)[:-1], axis=1)
        generated = np.concatenate([heard, others], axis=1)
        parts = []
        if self._is_recorded or not reach.generated:
            parts += [(reach.full, full), (reach.silent, silent)]
        if len(generated[0]):
            count = -(-len(generated[0]) // _LOUDEST_SHARE)
            parts += [(reach.generated, _loudest(generated, count))]
        lows, highs = np.concatenate([share * values for share, values in parts], axis=1)
        return np.minimum(lows.min(axis=0), 0), np.maximum(highs.max(axis=0), 0)


def _shared_out(sounds: CalibrationSet) -> tuple[FloatArray, FloatArray]:
    """The generated sounds that take part in statistics beside recordings, every other full one, and the
    rest, which only ranges look at.
    """
    full = np.array([not has_silence(window) for window in sounds.generated], bool)
    heard = full & (np.cumsum(full) % 2 == 1) & sounds.is_recorded
    return sounds.generated[heard], sounds.generated[~heard]


def _extremes(outputs: Sequence[FloatArray]) -> Matrix:
    """The lowest and highest value of each channel in each window: (2, windows, out)."""
    return np.array(
        [[x.min(axis=(0, 1)) for x in outputs], [x.max(axis=(0, 1)) for x in outputs]], np.float64
    )


def _loudest(extremes: Matrix, count: int) -> Matrix:
    """Each channel's mean over the `count` windows that go lowest, and over those that go highest:
    (2, windows, out) -> (2, 1, out).
    """
    ordered = np.sort(extremes, axis=1)
    means: Matrix = np.stack([ordered[0, :count], ordered[1, -count:]]).mean(axis=1, keepdims=True)
    return means


def _rectified(linear: FloatArray, relu: bool) -> FloatArray:
    return np.maximum(linear, 0, out=linear) if relu else linear


def _requantized(linear: FloatArray, relu: bool, output: Scale) -> FloatArray:
    return output.quantize(_rectified(linear, relu))


def _as_computed(
    features: FloatArray,
    entering: Scale,
    integers: tuple[Matrix, Vector],
    scales: Vector,
    relu: bool,
    output: Scale,
) -> FloatArray:
    """The real output of a layer on `features` in the integers of TFLite Micro, `integers` being its weights
    (inputs, out) and biases (out,).

    Of an input that is alike everywhere a sum next to the middle of two steps moves the whole channel.
    """
    weights, biases = integers
    height, width, _ = features.shape
    sums = patches(np.rint(features / np.float32(entering.scale))).astype(np.float64) @ weights + biases
    scaled = requantize(sums.astype(np.int32), quantize_multipliers(entering.scale * scales / output.scale))
    lowest = 0 if relu else -128 - output.zero_point
    steps = np.clip(scaled, lowest, 127 - output.zero_point).reshape(height, width, -1)
    return steps.astype(np.float32) * np.float32(output.scale)


def _sqnr(outputs: Sequence[FloatArray], results: Sequence[FloatArray], factors: FloatArray) -> float:
    """Decibels of `outputs` over the error of `results`, whose channels were divided by `factors`."""
    signal = noise = 1e-30
    for wanted, given in zip(outputs, results, strict=False):
        error = wanted - given * factors
        signal += float(np.vdot(wanted, wanted))
        noise += float(np.vdot(error, error))
    return float(10 * np.log10(signal / noise))


def _round_weights(
    conv: FloatConv, statistics: Statistics, method: Method, least_scales: Vector
) -> tuple[Matrix, Vector]:
    """Integers (inputs, out), and scales (out,) that float32 holds exactly, none below `least_scales`."""
    weights = conv.weights.reshape(-1, conv.weights.shape[-1]).astype(np.float64)
    if method == "gptq":
        return gptq.round_at_best_scales(weights, statistics.covariance, least_scales)
    if method == "mse":
        scales = gptq.least_squares_scales(weights, statistics.covariance)
    else:
        scales = gptq.channel_scales(weights)
    scales = np.maximum(scales, least_scales).astype(np.float32).astype(np.float64)
    return gptq.round_nearest(weights, scales), scales
