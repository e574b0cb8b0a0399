"""Generated code compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.codegen.arenas import idle_bytes, view_arenas
from edgel3_deploy.codegen.library import Library, render_library
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.pipeline.order import schedule_orders, shown_layer
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.resources import firmware_dir

Int8Array = NDArray[np.int8]

SPACE = 2
"""What EDGEL3_SPACE multiplies by where pointers have 64 bits."""

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
OPTIONS = ("-std=c11", "-O1", "-fPIC", *WARNINGS, *SANITIZE)


def write_library(library: Library, folder: Path) -> None:
    """Its files in `folder`."""
    for name, content in library.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def compile_kernels(compiler: Path, folder: Path) -> tuple[Path, ...]:
    """Object files of all portable kernels in `folder`, whose names are those of the prefix edgel3."""
    sources = sorted((firmware_dir() / "kernels").glob("*.c"))
    include = firmware_dir() / "include"
    subprocess.run([compiler, *OPTIONS, f"-I{include}", "-c", *sources], cwd=folder, check=True)
    return tuple(folder / f"{source.stem}.o" for source in sources)


class LayerInfo(ctypes.Structure):
    """edgel3_layer_info_t."""

    _fields_ = (("name", ctypes.c_char_p), ("macs", ctypes.c_uint32), ("output_size", ctypes.c_uint32))


class Info(ctypes.Structure):
    """edgel3_info_t."""

    _fields_ = (
        ("model_name", ctypes.c_char_p),
        ("runtime", ctypes.c_char_p),
        ("model_sha256", ctypes.c_uint8 * 32),
        ("input_size", ctypes.c_uint32),
        ("output_size", ctypes.c_uint32),
        ("input_scale", ctypes.c_float),
        ("output_scale", ctypes.c_float),
        ("input_zero_point", ctypes.c_int32),
        ("output_zero_point", ctypes.c_int32),
        ("sample_rate", ctypes.c_uint32),
        ("arena_size", ctypes.c_uint32),
        ("layer_count", ctypes.c_uint32),
        ("layers", ctypes.POINTER(LayerInfo)),
        ("head_sha256", ctypes.c_uint8 * 32),
        ("label_count", ctypes.c_uint32),
        ("labels", ctypes.POINTER(ctypes.c_char_p)),
    )


PAUSE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32)
SHOW = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_int8), ctypes.c_uint32
)
RESUME = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class NetObserver(ctypes.Structure):
    """edgel3_observer_t."""

    _fields_ = (("pause", PAUSE), ("show", SHOW), ("resume", RESUME), ("context", ctypes.c_void_p))


class HostNetwork:
    """A library for this machine, every warning an error and undefined behaviour a trap."""

    def __init__(
        self, compiler: Path, kernels: Sequence[Path], folder: Path, library: Library, plan: Schedule
    ) -> None:
        write_library(library, folder)
        others = [name for name in library.sources if "/kernels/" not in name]
        (folder / "context.c").write_text("""#include "edgel3.h"
edgel3_t context;
""")
        includes = [f"-I{name}" for name in library.include_dirs]
        command: list[str | Path] = [compiler, *OPTIONS, "-shared", *includes, "context.c", *others, *kernels]
        subprocess.run([*command, "-o", "network.so"], cwd=folder, check=True)
        self.library = ctypes.CDLL(str(folder / "network.so"))
        self.context = ctypes.byref(ctypes.c_int.in_dll(self.library, "context"))
        idle = idle_bytes(plan)
        self._idle = {arena.symbol: SPACE * idle[arena.region] for arena in view_arenas(plan)}
        for arena in library.arenas:
            self._fill(arena.symbol, SPACE * arena.size, 0xA5)
        self.library.edgel3_start(self.context)

    @property
    def info(self) -> Info:
        return Info.in_dll(self.library, "edgel3_info")

    def poison(self, value: int) -> None:
        """Fill with a byte what holds nothing between inferences."""
        for symbol, size in self._idle.items():
            self._fill(symbol, size, value)

    def _fill(self, symbol: str, size: int, value: int) -> None:
        ctypes.memset(ctypes.byref(ctypes.c_int8.in_dll(self.library, symbol)), value, size)

    def run(self, values: Int8Array) -> tuple[Int8Array, list[bytes]]:
        """The flat output for `values`, and per step the bytes that its observer saw."""
        seen = [b""] * self.info.layer_count
        pauses: list[int] = []

        def show(context: int, step: int, data: ctypes._Pointer[ctypes.c_int8], size: int) -> None:
            assert pauses[-1] == step
            seen[step] += ctypes.string_at(data, size)

        observer = NetObserver(
            pause=PAUSE(lambda _context, step: pauses.append(step)),
            show=SHOW(show),
            resume=RESUME(lambda _context: pauses.append(-1)),
        )

        source = np.ascontiguousarray(values)
        result = np.full(self.info.output_size, 0x5A, np.int8)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (source, result)]
        self.library.edgel3_observe(self.context, ctypes.byref(observer))
        failed = self.library.edgel3_run(self.context, *pointers)
        self.library.edgel3_observe(self.context, None)
        assert failed == 0
        assert set(pauses[1::2]) == {-1}, "each pause is followed by a resume"
        assert np.array_equal(source, values), "the input was written to"
        return result, seen


def host_network(
    compiler: Path, kernels: Sequence[Path], folder: Path, network: Network, plan: Schedule
) -> HostNetwork:
    """The library of a scheduled network, compiled in `folder`."""
    library = render_library(network, b"model", plan=plan)
    return HostNetwork(compiler, kernels, folder, library, plan)


def assert_exact(host: HostNetwork, network: Network, plan: Schedule, values: Int8Array) -> None:
    """The output and what every step shows equal the reference, whatever the arenas held before."""
    outputs = []
    orders = schedule_orders(plan)
    current = values
    for layer in network.layers:
        current = run_layer(layer, current)
        outputs.append(current)
    for poison in (0x5A, 0x80):
        host.poison(poison)
        result, seen = host.run(values)
        for step, order, shown in zip(plan.steps, orders, seen, strict=True):
            index = shown_layer(network, [layer.index for layer in step.layers])
            assert shown == order.shown(outputs[index]), (step.name, step.kernel)
        assert result.tobytes() == outputs[-1].tobytes()
    again, _ = host.run(values)
    assert again.tobytes() == outputs[-1].tobytes()
