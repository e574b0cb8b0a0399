"""Small networks with every kind of layer, and generated code compiled for this machine."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.codegen.project import render_project
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.pack import native_scratch
from edgel3_deploy.plan.planner import plan_memory
from tests.graph.models import ModelBuilder

MODELS = {
    "pooled": lambda: (
        ModelBuilder((12, 9, 1))
        .conv2d(8, activation="RELU")
        .conv2d(8)
        .max_pool2d()
        .conv2d(16)
        .max_pool2d((3, 2))
    ),
    "dense": lambda: ModelBuilder((6, 5, 3)).conv2d(5, (1, 1)).reshape((150,)).fully_connected(10),
    "strided": lambda: ModelBuilder((11, 8, 4)).conv2d(6, (3, 5), stride=(2, 1)).max_pool2d(same=True),
    "reshaped": lambda: ModelBuilder((4, 6, 1)).reshape((6, 4, 1)).conv2d(3).reshape((72,)),
    "moved": lambda: ModelBuilder((8,)).reshape((2, 4)).reshape((8,)),
}
"""Models by what is special about them: asymmetric windows, views at both ends, nothing but views."""

Observation = tuple[int, bytes]
Run = Callable[[NDArray[np.int8]], tuple[NDArray[np.int8], list[Observation]]]


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> bytes:
    """Each of the small models as a .tflite file."""
    return MODELS[request.param]().build()


@pytest.fixture
def network(model: bytes) -> Network:
    """Its graph."""
    return read_network(model, name="small")


@pytest.fixture(scope="session")
def board() -> Board:
    """A board to render for."""
    return load_board("stm32f7")


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


@pytest.fixture
def library(host_gcc: Path, network: Network, board: Board, model: bytes, tmp_path: Path) -> ctypes.CDLL:
    """The native project's network as a shared library of this machine."""
    plan = plan_memory(network, board, scratch=native_scratch(network))
    files = render_project(network, board, model, plan=plan, runtime="native")
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    sources = [name for name in files if name.startswith("firmware/kernels/") and name.endswith(".c")]
    sources += ["network.c", "network_info.c", "weights.c", "build_id.c"]
    options = "-std=c11 -O1 -Wall -Wextra -Werror -Wconversion -fsanitize=undefined -fno-sanitize-recover"
    folders = "-I. -Ifirmware -Ifirmware/include"
    command = f"{host_gcc} {options} -shared -fPIC {folders} {' '.join(sources)} -o network.so"
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    return ctypes.CDLL(str(tmp_path / "network.so"))


@pytest.fixture
def run(library: ctypes.CDLL, network: Network) -> Run:
    """Run the generated network; the result and what its observer saw, one entry per layer."""
    observer_type = ctypes.CFUNCTYPE(
        None, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_int8), ctypes.c_uint32
    )

    def execute(values: NDArray[np.int8]) -> tuple[NDArray[np.int8], list[Observation]]:
        seen: list[Observation] = []

        @observer_type
        def observe(context: int, layer: int, data: object, size: int) -> None:
            seen.append((layer, ctypes.string_at(data, size)))  # type: ignore[arg-type]

        source = np.ascontiguousarray(values)
        result = np.zeros(network.output.shape, np.int8)
        library.edgel3_net_observe(observe, None)
        failed = library.edgel3_net_run(
            source.ctypes.data_as(ctypes.c_void_p), result.ctypes.data_as(ctypes.c_void_p)
        )
        library.edgel3_net_observe(None, None)
        assert failed == 0
        assert np.array_equal(source, values), "the input was written to"
        return result, seen

    return execute
