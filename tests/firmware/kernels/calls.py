"""One call of a kernel: the layer, the kernel and its options, and the C structs made from them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, Layer, MaxPool2D, Requantize, Tensor
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.pack_direct import pack_direct
from edgel3_deploy.plan.pack_mono import pack_mono
from edgel3_deploy.plan.pack_winograd import pack_f22, pack_f44
from edgel3_deploy.plan.packed import PackedConv, RequantizeForm

Int8Array = NDArray[np.int8]
Kernel = Literal["f44", "f22", "direct", "mono"]
TILE = {"f44": 4, "f22": 2, "direct": 1, "mono": 1}


@dataclass(frozen=True)
class Call:
    """A convolution by one kernel; the first `stored` channels of a Winograd one have transformed weights.

    Those of `resident` channels behind them are transformed into RAM first. With `apart` sums and weights in
    flight have a buffer of their own.
    `strip` output tile rows a call (0: all), with the 2x2 maximum when `pooled`.
    """

    layer: Conv2D
    kernel: Kernel
    form: RequantizeForm
    stored: int = 0
    blocks: int = 1
    strip: int = 0
    pooled: bool = False
    resident: int = 0
    apart: bool = False

    @property
    def output_shape(self) -> tuple[int, int, int]:
        height, width, channels = self.layer.output.shape
        return (height // 2, width // 2, channels) if self.pooled else (height, width, channels)

    @property
    def side(self) -> int:
        """Output rows of a tile row."""
        return TILE[self.kernel] // (2 if self.pooled else 1)

    @property
    def tile_rows(self) -> int:
        """Output tile rows of the whole map."""
        return -(-self.output_shape[0] // self.side)

    def input_rows(self, first: int, last: int) -> range:
        """Rows of the input that output tile rows [first, last) read."""
        tile, layer = TILE[self.kernel], self.layer
        top = first * tile * layer.stride[0] - layer.padding[0]
        bottom = (last * tile - 1) * layer.stride[0] - layer.padding[0] + layer.weights.shape[1]
        return range(max(top, 0), min(bottom, layer.input.shape[0]))

    def pack(self) -> PackedConv:
        if self.kernel == "f44":
            return pack_f44(self.layer, self.stored, self.form)
        if self.kernel == "f22":
            return pack_f22(self.layer, self.stored, self.form)
        if self.kernel == "direct":
            return pack_direct(self.layer, self.form)
        return pack_mono(self.layer, self.form)

    def expected(self, values: Int8Array) -> Int8Array:
        result = run_layer(self.layer, values)
        if not self.pooled:
            return result
        return run_layer(pool_of(self.layer.output), result)

    def fields(self) -> dict[str, int]:
        """Plain members of edgel3_conv_t."""
        layer = self.layer
        return {
            "input_zero_point": layer.input.zero_point,
            "output_zero_point": layer.output.zero_point,
            "activation_min": layer.activation_min,
            "activation_max": layer.activation_max,
            "requantize": int(self.form),
            "kernel_height": layer.weights.shape[1],
            "kernel_width": layer.weights.shape[2],
            "stride_height": layer.stride[0],
            "stride_width": layer.stride[1],
            "padding_top": layer.padding[0],
            "padding_left": layer.padding[1],
            "stored_channels": self.stored,
            "resident_channels": self.resident,
            "pooled": int(self.pooled),
        }

    def scratch_arguments(self) -> tuple[int, ...]:
        """What the kernel's scratch function takes."""
        _, kernel_height, kernel_width, channels = self.layer.weights.shape
        if self.kernel == "direct":
            return (kernel_height, kernel_width, channels)
        if self.kernel == "mono":
            return (self.layer.output.shape[1],)
        return (channels, self.blocks, int(self.stored + self.resident >= self.layer.output.shape[2]))


def pool_of(tensor: Tensor) -> MaxPool2D:
    """2x2 pooling with stride 2 of a map."""
    height, width, channels = tensor.shape
    output = replace(tensor, shape=(height // 2, width // 2, channels))
    return MaxPool2D(0, "pool", "pool", tensor, output, (2, 2), (2, 2), (0, 0), -128, 127)


class MapStruct(ctypes.Structure):
    """edgel3_map_t."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("ring", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("channels", ctypes.c_int32),
    )


class ConvStruct(ctypes.Structure):
    """edgel3_conv_t."""

    _fields_ = (
        ("weights", ctypes.c_void_p),
        ("channels", ctypes.c_void_p),
        ("corrections", ctypes.c_void_p),
        ("resident", ctypes.c_void_p),
        ("products", ctypes.c_void_p),
        ("input_zero_point", ctypes.c_int32),
        ("output_zero_point", ctypes.c_int32),
        ("activation_min", ctypes.c_int32),
        ("activation_max", ctypes.c_int32),
        ("requantize", ctypes.c_int),
        ("kernel_height", ctypes.c_int16),
        ("kernel_width", ctypes.c_int16),
        ("stride_height", ctypes.c_int16),
        ("stride_width", ctypes.c_int16),
        ("padding_top", ctypes.c_int16),
        ("padding_left", ctypes.c_int16),
        ("stored_channels", ctypes.c_int16),
        ("resident_channels", ctypes.c_int16),
        ("pooled", ctypes.c_bool),
    )


class MaxPoolStruct(ctypes.Structure):
    """edgel3_max_pool_t."""

    _fields_ = (
        ("window_height", ctypes.c_int16),
        ("window_width", ctypes.c_int16),
        ("stride_height", ctypes.c_int16),
        ("stride_width", ctypes.c_int16),
        ("padding_top", ctypes.c_int16),
        ("padding_left", ctypes.c_int16),
        ("activation_min", ctypes.c_int8),
        ("activation_max", ctypes.c_int8),
    )


def random_layer(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    channels: int,
    *,
    kernel: tuple[int, int] = (3, 3),
    stride: tuple[int, int] = (1, 1),
    input_zero_point: int = -128,
    output_zero_point: int = -128,
    clamp: tuple[int, int] = (-128, 127),
) -> Conv2D:
    """A convolution with 'same' padding whose outputs use all of int8."""
    height, width, depth = shape
    out = (-(-height // stride[0]), -(-width // stride[1]), channels)
    behind = [(o - 1) * s + k - i for o, s, k, i in zip(out[:2], stride, kernel, shape[:2], strict=True)]
    weights = rng.integers(-127, 128, (channels, *kernel, depth), dtype=np.int8)
    shift = np.ceil(np.log2(np.sqrt(weights[0].size) * 40)).astype(int) + rng.integers(-1, 1, channels)
    return Conv2D(
        0, "conv", "conv",
        Tensor(0, "in", shape, 1.0, input_zero_point),
        Tensor(1, "out", out, 1.0, output_zero_point),
        weights,
        rng.integers(-20000, 20000, channels, dtype=np.int32),
        requantize=_constants(rng.integers(1 << 30, 1 << 31, channels), -shift),
        stride=stride,
        padding=(max(behind[0], 0) // 2, max(behind[1], 0) // 2),
        activation_min=clamp[0],
        activation_max=clamp[1],
    )  # fmt: skip


def _constants(multiplier: NDArray[np.int64], shift: NDArray[np.int64]) -> Requantize:
    return Requantize(multiplier.astype(np.int32), shift.astype(np.int32))


def random_input(rng: np.random.Generator, layer: Layer) -> Int8Array:
    """Activations over all of int8."""
    return rng.integers(-128, 128, layer.input.shape, dtype=np.int8)
