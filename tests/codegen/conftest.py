"""Small networks with every kind of layer, and generated code compiled for this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from tests.codegen.host import compile_kernels
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
    "reshaped": lambda: (
        ModelBuilder((4, 6, 1)).reshape((6, 4, 1)).conv2d(3).reshape((4, 6, 3)).conv2d(5).reshape((120,))
    ),
}
"""Models by what is special about them: asymmetric windows, views at both ends and between maps."""


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


@pytest.fixture(scope="session")
def kernel_objects(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The portable kernels compiled for this machine."""
    return compile_kernels(host_gcc, tmp_path_factory.mktemp("kernels"))
