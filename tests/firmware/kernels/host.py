"""The portable twins of the kernels, compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from edgel3_deploy.graph.ir import FullyConnected, MaxPool2D
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.pack_direct import pack_fully_connected
from tests.firmware.kernels.calls import Call, ConvStruct, Int8Array, MapStruct, MaxPoolStruct
from tests.firmware.kernels.target import INCLUDES, KERNELS, WARNINGS

GUARD = 64
POISON = 0x5A


class HostKernels:
    """A shared library of the kernels, with the undefined-behaviour sanitizer trapping."""

    def __init__(self, compiler: Path, folder: Path) -> None:
        path = folder / "kernels.so"
        sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
        subprocess.run(
            [
                *(str(compiler), *WARNINGS, *sanitize, "-O2", "-shared", "-fPIC"),
                *(*INCLUDES, *sorted(map(str, KERNELS.glob("*.c"))), "-o", str(path)),
            ],
            check=True,
        )
        self.library = ctypes.CDLL(str(path))

    def run(self, call: Call, values: Int8Array) -> Int8Array:
        """The output for `values`, strip by strip, between rings that hold only the rows of a strip.

        Checked not to write outside of the output's ring and the scratch it asked for.
        """
        conv, keep = _conv(call)
        resident = self._resident(call, conv)
        products = self._products(call, conv)
        scratch = self._scratch(call, len(products) - 2 * GUARD)
        step = call.strip or call.tile_rows
        strips = [(first, min(first + step, call.tile_rows)) for first in range(0, call.tile_rows, step)]
        read = [call.input_rows(first, last) for first, last in strips]
        source_ring = max(len(rows) for rows in read)
        window = np.full((source_ring, *call.layer.input.shape[1:]), POISON, np.int8)
        source = _map(window, call.layer.input.shape, source_ring)
        target_ring = min(step * call.side, call.output_shape[0])
        guarded = np.full(target_ring * int(np.prod(call.output_shape[1:])) + 2 * GUARD, POISON, np.int8)
        produced = guarded[GUARD:-GUARD].reshape(target_ring, *call.output_shape[1:])
        target = _map(guarded[GUARD:], call.output_shape, target_ring)
        output = np.empty(call.output_shape, np.int8)
        for (first, last), rows in zip(strips, read, strict=True):
            window[:] = POISON
            for y in rows:
                window[y % source_ring] = values[y]
            arguments = [ctypes.byref(conv), ctypes.byref(source), ctypes.byref(target), first, last]
            arguments.append(ctypes.c_void_p(scratch[GUARD:].ctypes.data))
            if call.kernel in ("f44", "f22"):
                arguments.append(call.blocks)
            getattr(self.library, f"edgel3_conv_{call.kernel}")(*arguments)
            for y in range(first * call.side, min(last * call.side, call.output_shape[0])):
                output[y] = produced[y % target_ring]
        for buffer in (guarded, scratch, resident, products):
            assert (buffer[:GUARD] == POISON).all() and (buffer[-GUARD:] == POISON).all()
        del keep
        return output

    def fully_connected(self, layer: FullyConnected, values: Int8Array) -> Int8Array:
        """The output of a fully connected layer."""
        packed = pack_fully_connected(layer, requantize_form(layer))
        conv = ConvStruct(
            weights=packed.weights.ctypes.data,
            channels=packed.channels.ctypes.data,
            output_zero_point=layer.output.zero_point,
            activation_min=layer.activation_min,
            activation_max=layer.activation_max,
            requantize=int(requantize_form(layer)),
        )
        scratch = np.empty(self.library.edgel3_fully_connected_scratch(layer.input.size), np.int8)
        output = np.empty(layer.output.size, np.int8)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (values, output, scratch)]
        self.library.edgel3_fully_connected(
            ctypes.byref(conv), pointers[0], layer.input.size, pointers[1], layer.output.size, pointers[2]
        )
        return output

    def max_pool_2x2(self, values: Int8Array, in_place: bool) -> Int8Array:
        """2x2 pooling of a map (height, width, channels), into its own memory if `in_place`."""
        values = values.copy()
        height, width, channels = values.shape
        shape = (height // 2, width // 2, channels)
        output = values.ravel()[: int(np.prod(shape))] if in_place else np.empty(int(np.prod(shape)), np.int8)
        source, target = _map(values, (height, width, channels), height), _map(output, shape, shape[0])
        for row in range(shape[0]):
            self.library.edgel3_max_pool_2x2(ctypes.byref(source), ctypes.byref(target), row, row + 1)
        return output.reshape(shape)

    def max_pool_global(self, values: Int8Array) -> Int8Array:
        """Global pooling of a map (height, width, channels)."""
        output = np.empty(values.shape[2], np.int8)
        source = _map(values, values.shape, values.shape[0])
        self.library.edgel3_max_pool_global(ctypes.byref(source), ctypes.c_void_p(output.ctypes.data))
        return output

    def max_pool_global_rows(self, values: Int8Array, ring: int) -> Int8Array:
        """Global pooling of a map (height, width, channels), row by row from a ring of `ring` rows."""
        output = np.full(values.shape[2], POISON, np.int8)
        window = np.empty((ring, *values.shape[1:]), np.int8)
        source = _map(window, values.shape, ring)
        for row, pixels in enumerate(values):
            window[row % ring] = pixels
            self.library.edgel3_max_pool_global_rows(
                ctypes.byref(source), ctypes.c_void_p(output.ctypes.data), row, row + 1
            )
        return output

    def max_pool_any(self, layer: MaxPool2D, values: Int8Array, in_place: bool) -> Int8Array:
        """Any max pooling of a map, into its own memory if `in_place`, never outside of its output."""
        memory = np.concatenate([values.ravel(), np.full(GUARD, POISON, np.int8)])
        size = layer.output.size
        produced = memory if in_place else np.full(size + GUARD, POISON, np.int8)
        kept = produced[size:].copy()
        source = _map(memory, layer.input.shape, layer.input.shape[0])
        target = _map(produced, layer.output.shape, layer.output.shape[0])
        pool = MaxPoolStruct(
            *layer.window, *layer.stride, *layer.padding, layer.activation_min, layer.activation_max
        )
        self.library.edgel3_max_pool_any(ctypes.byref(pool), ctypes.byref(source), ctypes.byref(target))
        assert (produced[size:] == kept).all()
        return produced[:size].reshape(layer.output.shape)

    def _resident(self, call: Call, conv: ConvStruct) -> Int8Array:
        """Guarded RAM with the transformed weights that the call keeps there."""
        if not call.resident:
            return np.full(2 * GUARD, POISON, np.int8)
        channels = call.layer.weights.shape[3]
        size = getattr(self.library, f"edgel3_conv_{call.kernel}_resident")(channels, call.resident)
        memory = np.full(size + 2 * GUARD, POISON, np.int8)
        conv.resident = memory[GUARD:].ctypes.data
        start = getattr(self.library, f"edgel3_conv_{call.kernel}_start")
        start(ctypes.byref(conv), channels, ctypes.c_void_p(conv.resident))
        return memory

    def _products(self, call: Call, conv: ConvStruct) -> Int8Array:
        """Guarded RAM for sums and weights in flight, if the call keeps them apart."""
        if not call.apart:
            return np.full(2 * GUARD, POISON, np.int8)
        channels, _, stored = call.scratch_arguments()
        size = getattr(self.library, f"edgel3_conv_{call.kernel}_products")(channels, stored)
        memory = np.full(size + 2 * GUARD, POISON, np.int8)
        conv.products = memory[GUARD:].ctypes.data
        return memory

    def _scratch(self, call: Call, apart: int) -> Int8Array:
        size = getattr(self.library, f"edgel3_conv_{call.kernel}_scratch")(*call.scratch_arguments()) - apart
        return np.full(size + 2 * GUARD, POISON, np.int8)


def _conv(call: Call) -> tuple[ConvStruct, object]:
    packed = call.pack()
    pointers = {
        "weights": packed.weights.ctypes.data,
        "channels": packed.channels.ctypes.data,
        "corrections": packed.corrections.ctypes.data,
    }
    return ConvStruct(**pointers, **call.fields()), packed


def _map(data: Int8Array, shape: tuple[int, ...], ring: int) -> MapStruct:
    height, width, channels = shape
    return MapStruct(data.ctypes.data, ring, height, width, channels)
