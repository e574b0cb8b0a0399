"""Generated code compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.arenas import buffer_arenas
from edgel3_deploy.codegen.project import render_project
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.pipeline.order import schedule_orders, shown_layer
from edgel3_deploy.plan.schedule import Schedule
from edgel3_deploy.resources import firmware_dir

Int8Array = NDArray[np.int8]

TILE_BYTES = 24
"""What plan.kernel.TILE_BYTES, sizeof(edgel3_tile_t), is where pointers have eight bytes."""

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wconversion")
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
OPTIONS = ("-std=c11", "-O1", "-fPIC", *WARNINGS, *SANITIZE)

POISON = """
#include <string.h>
#include "network.c"
void poison_arenas(int value);
void poison_arenas(int value)
{{
    (void)value;
{fills}
}}
"""


def compile_kernels(compiler: Path, folder: Path) -> tuple[Path, ...]:
    """Object files of the portable kernels in `folder`."""
    sources = sorted((firmware_dir() / "kernels").glob("*.c"))
    include = firmware_dir() / "include"
    subprocess.run([compiler, *OPTIONS, f"-I{include}", "-c", *sources], cwd=folder, check=True)
    return tuple(folder / f"{source.stem}.o" for source in sources)


class NetInfo(ctypes.Structure):
    """edgel3_net_info_t."""

    _fields_ = (
        ("model_name", ctypes.c_char_p),
        ("runtime", ctypes.c_char_p),
        ("model_sha256", ctypes.c_uint8 * 32),
        ("input_size", ctypes.c_uint32),
        ("output_size", ctypes.c_uint32),
        ("arena_size", ctypes.c_uint32),
        ("layer_count", ctypes.c_uint32),
        ("layers", ctypes.c_void_p),
    )


PAUSE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32)
SHOW = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_int8), ctypes.c_uint32
)
RESUME = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class NetObserver(ctypes.Structure):
    """edgel3_net_observer_t."""

    _fields_ = (("pause", PAUSE), ("show", SHOW), ("resume", RESUME), ("context", ctypes.c_void_p))


class HostNetwork:
    """The network of a rendered native project, every warning an error and undefined behaviour a trap."""

    def __init__(
        self,
        compiler: Path,
        kernels: Sequence[Path],
        folder: Path,
        files: Mapping[str, bytes],
        arenas: Sequence[str],
    ) -> None:
        for name in ("network.c", "network.h", "network_info.c", "weights.c", "weights.h", "build_id.c"):
            (folder / name).write_bytes(files[name])
        fills = "\n".join(f"    memset(arena_{name}, value, sizeof arena_{name});" for name in arenas)
        (folder / "poison.c").write_text(POISON.format(fills=fills))
        sources = ("poison.c", "network_info.c", "weights.c", "build_id.c")
        command = [
            compiler,
            *OPTIONS,
            "-shared",
            "-I.",
            f"-I{firmware_dir() / 'include'}",
            *sources,
            *kernels,
        ]
        subprocess.run([*command, "-o", "network.so"], cwd=folder, check=True)
        self.library = ctypes.CDLL(str(folder / "network.so"))
        self.library.edgel3_net_start()

    @property
    def info(self) -> NetInfo:
        return NetInfo.in_dll(self.library, "edgel3_net_info")

    @property
    def build_id(self) -> str:
        return bytes((ctypes.c_uint8 * 32).in_dll(self.library, "edgel3_build_id")).hex()

    def poison(self, value: int) -> None:
        """Fill every arena with a byte."""
        self.library.poison_arenas(value)

    def run(self, values: Int8Array) -> tuple[Int8Array, list[bytes]]:
        """The flat output for `values`, and per step the bytes that its observer saw."""
        seen = [b""] * self.info.layer_count
        pauses: list[int] = []

        def show(context: int, step: int, data: object, size: int) -> None:
            assert pauses[-1] == step
            seen[step] += ctypes.string_at(data, size)  # type: ignore[arg-type]

        observer = NetObserver(
            pause=PAUSE(lambda _context, step: pauses.append(step)),
            show=SHOW(show),
            resume=RESUME(lambda _context: pauses.append(-1)),
        )

        source = np.ascontiguousarray(values)
        result = np.full(self.info.output_size, 0x5A, np.int8)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (source, result)]
        self.library.edgel3_net_observe(ctypes.byref(observer))
        failed = self.library.edgel3_net_run(*pointers)
        self.library.edgel3_net_observe(None)
        assert failed == 0
        assert set(pauses[1::2]) == {-1}, "each pause is followed by a resume"
        assert np.array_equal(source, values), "the input was written to"
        return result, seen


def host_network(
    compiler: Path, kernels: Sequence[Path], folder: Path, network: Network, board: Board, plan: Schedule
) -> HostNetwork:
    """The native project of a scheduled network, compiled in `folder`."""
    files = render_project(network, board, b"model", plan=plan)
    arenas = [name for name, size in buffer_arenas(plan) if size]
    return HostNetwork(compiler, kernels, folder, files, arenas)


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
            layer = shown_layer(network, [layer.index for layer in step.layers])
            assert shown == order.shown(outputs[layer]), (step.name, step.kernel)
        assert result.tobytes() == outputs[-1].tobytes()
    again, _ = host.run(values)
    assert again.tobytes() == outputs[-1].tobytes()
