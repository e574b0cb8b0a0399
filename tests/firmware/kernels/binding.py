"""The C kernels from Python: parameter structs made from layers, a host library called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer, MaxPool2D
from edgel3_deploy.plan.pack import pack_bias, pack_weights, scratch_bytes
from edgel3_deploy.resources import firmware_dir

KERNELS = firmware_dir() / "kernels"
INCLUDE = firmware_dir() / "include"
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion")

Int8Array = NDArray[np.int8]
Parameters = dict[str, "int | NDArray[np.int8] | NDArray[np.int32]"]


def parameters(layer: Layer) -> tuple[str, Parameters]:
    """The kernel's name, such as "conv2d", and the members of its parameter struct in the header's order."""
    if isinstance(layer, FullyConnected):
        return "fully_connected", {
            **_constants(layer),
            "input_size": layer.input.size,
            "output_size": layer.output.size,
            "output_zero_point": layer.output.zero_point,
            "activation_min": layer.activation_min,
            "activation_max": layer.activation_max,
        }
    height, width, channels = layer.input.shape
    out_height, out_width, out_channels = layer.output.shape
    if isinstance(layer, MaxPool2D):
        return "max_pool2d", {
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "window_height": layer.window[0],
            "window_width": layer.window[1],
            "stride_height": layer.stride[0],
            "stride_width": layer.stride[1],
            "padding_top": layer.padding[0],
            "padding_left": layer.padding[1],
            "output_height": out_height,
            "output_width": out_width,
            "activation_min": layer.activation_min,
            "activation_max": layer.activation_max,
        }
    assert isinstance(layer, Conv2D)
    return "conv2d", {
        **_constants(layer),
        "input_height": height,
        "input_width": width,
        "input_channels": channels,
        "kernel_height": layer.weights.shape[1],
        "kernel_width": layer.weights.shape[2],
        "stride_height": layer.stride[0],
        "stride_width": layer.stride[1],
        "padding_top": layer.padding[0],
        "padding_left": layer.padding[1],
        "output_height": out_height,
        "output_width": out_width,
        "output_channels": out_channels,
        "input_zero_point": layer.input.zero_point,
        "output_zero_point": layer.output.zero_point,
        "activation_min": layer.activation_min,
        "activation_max": layer.activation_max,
    }


def _constants(layer: Conv2D | FullyConnected) -> Parameters:
    return {
        "weights": pack_weights(layer),
        "bias": pack_bias(layer),
        "multiplier": layer.requantize.multiplier,
        "shift": layer.requantize.shift,
    }


class HostKernels:
    """The kernels compiled for this machine with the undefined-behaviour sanitizer trapping."""

    def __init__(self, compiler: Path, folder: Path) -> None:
        library = folder / "kernels.so"
        sources = sorted(str(path) for path in KERNELS.glob("*.c"))
        sanitize = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
        subprocess.run(
            [
                compiler,
                *WARNINGS,
                *sanitize,
                "-O2",
                "-shared",
                "-fPIC",
                f"-I{INCLUDE}",
                *sources,
                "-o",
                library,
            ],
            check=True,
        )
        self._library = ctypes.CDLL(str(library))

    def run(self, layer: Layer, values: Int8Array) -> Int8Array:
        """The kernel's output for `values`, checked not to write outside its output and scratch."""
        output = np.full(layer.output.size + 2 * GUARD, POISON, np.int8)
        scratch = np.full(scratch_bytes(layer) + 2 * GUARD, POISON, np.int8)
        values = np.ascontiguousarray(values).copy()
        before = values.copy()
        self.call(layer, values.ctypes.data, output[GUARD:].ctypes.data, scratch[GUARD:].ctypes.data)
        for buffer in (output, scratch):
            assert (buffer[:GUARD] == POISON).all() and (buffer[-GUARD:] == POISON).all()
        assert (values == before).all()
        return output[GUARD:-GUARD].reshape(layer.output.shape)

    def call(self, layer: Layer, source: int, target: int, scratch: int) -> None:
        """Run the layer's kernel on the addresses given."""
        name, members = parameters(layer)
        fields = [
            (key, ctypes.c_int32 if isinstance(value, int) else ctypes.c_void_p)
            for key, value in members.items()
        ]
        struct = type("Parameters", (ctypes.Structure,), {"_fields_": fields})
        instance = struct(
            **{key: value if isinstance(value, int) else value.ctypes.data for key, value in members.items()}
        )
        arguments = [ctypes.byref(instance), ctypes.c_void_p(source), ctypes.c_void_p(target)]
        if isinstance(layer, Conv2D):
            assert self._library.edgel3_conv2d_s8_scratch_size(ctypes.byref(instance)) == scratch_bytes(layer)
            arguments.append(ctypes.c_void_p(scratch))
        getattr(self._library, f"edgel3_{name}_s8")(*arguments)


GUARD = 32
POISON = -86
