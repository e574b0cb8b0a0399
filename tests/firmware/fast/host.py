"""The portable twins of the fast kernels, compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from edgel3_deploy.resources import firmware_dir
from tests.firmware.fast.calls import Call, ConvStruct, Int8Array, MapStruct
from tests.firmware.fast.target import FAST, WARNINGS

GUARD = 64
POISON = 0x5A


class HostKernels:
    """A shared library of the kernels, with the undefined-behaviour sanitizer trapping."""

    def __init__(self, compiler: Path, folder: Path) -> None:
        path = folder / "fast.so"
        sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
        subprocess.run(
            [
                *(compiler, *WARNINGS, *sanitize, "-O2", "-shared", "-fPIC"),
                *(f"-I{firmware_dir() / 'include'}", *sorted(FAST.glob("*.c")), "-o", path),
            ],
            check=True,
        )
        self.library = ctypes.CDLL(str(path))

    def run(self, call: Call, values: Int8Array) -> Int8Array:
        """The output for `values`, strip by strip from a ring that holds only the rows a strip reads.

        Checked not to write outside of the output and the scratch it asked for.
        """
        conv, keep = _conv(call)
        scratch = self._scratch(call)
        output = np.full(int(np.prod(call.output_shape)) + 2 * GUARD, POISON, np.int8)
        target = _map(output[GUARD:], call.output_shape, call.output_shape[0])
        step = call.strip or call.tile_rows
        strips = [(first, min(first + step, call.tile_rows)) for first in range(0, call.tile_rows, step)]
        rings = [call.input_rows(first, last) for first, last in strips]
        ring = max(len(rows) for rows in rings)
        height, width, channels = call.layer.input.shape
        window = np.full((ring, width, channels), POISON, np.int8)
        for (first, last), rows in zip(strips, rings, strict=True):
            window[:] = POISON
            for y in rows:
                window[y % ring] = values[y]
            source = _map(window, (height, width, channels), ring)
            arguments = [ctypes.byref(conv), ctypes.byref(source), ctypes.byref(target), first, last]
            arguments.append(ctypes.c_void_p(scratch[GUARD:].ctypes.data))
            if call.kernel in ("f44", "f22"):
                arguments.append(call.blocks)
            getattr(self.library, f"edgel3_conv_{call.kernel}")(*arguments)
        for buffer in (output, scratch):
            assert (buffer[:GUARD] == POISON).all() and (buffer[-GUARD:] == POISON).all()
        del keep
        return output[GUARD:-GUARD].reshape(call.output_shape)

    def _scratch(self, call: Call) -> Int8Array:
        size = getattr(self.library, f"edgel3_conv_{call.kernel}_scratch")(*call.scratch_arguments())
        return np.full(size + 2 * GUARD, POISON, np.int8)


def _conv(call: Call) -> tuple[ConvStruct, object]:
    packed = call.pack()
    pointers = {
        "weights": packed.weights.ctypes.data,
        "channels": packed.channels.ctypes.data,
        "corrections": packed.corrections.ctypes.data,
    }
    return ConvStruct(**pointers, **call.fields()), packed


def _map(data: Int8Array, shape: tuple[int, int, int], ring: int) -> MapStruct:
    height, width, channels = shape
    return MapStruct(data.ctypes.data, ring, height, width, channels)
