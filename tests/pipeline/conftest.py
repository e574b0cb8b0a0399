"""A small model on disk and what it takes to build it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.pipeline.builder import BuildRequest, BuildResult, build
from edgel3_deploy.pipeline.manifest import Manifest, MemoryUse
from edgel3_deploy.pipeline.order import PIXELS, Order
from edgel3_deploy.plan.front_end import FrontEndMemory
from tests.graph.models import ModelBuilder

Build = Callable[..., BuildResult]


def small_model() -> ModelBuilder:
    """Every kind of layer, with odd sizes: 1x1 and strided kernels, padding on one side, a dense head."""
    return (
        ModelBuilder((13, 10, 1))
        .conv2d(8, activation="RELU")
        .conv2d(6, (1, 1))
        .max_pool2d()
        .conv2d(5, (3, 2), stride=(2, 1))
        .max_pool2d((3, 2), stride=(2, 1), same=True)
        .reshape((50,))
        .fully_connected(7)
        .metadata(name="small", input_gain=1.0, input_offset=0.0)
    )


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model as a .tflite file."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(small_model().build())
    return path


@pytest.fixture(scope="session")
def board() -> Board:
    """The default board."""
    return load_board("stm32f7")


@pytest.fixture
def make(model_file: Path, board: Board, tmp_path: Path) -> Build:
    """Build the small model into tmp_path/out, with the request's fields as options."""

    def run(**options: Any) -> BuildResult:
        request = {"board": board, "model": str(model_file), "output": tmp_path / "out", **options}
        return build(BuildRequest(**request))

    return run


@pytest.fixture(scope="session")
def finished(model_file: Path, board: Board, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build, to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("finished") / "out"
    build(BuildRequest(board=board, model=str(model_file), output=folder))
    return folder


class Images(dict[str, Path]):
    """Builds of the small model by "BOARD RUNTIME", made when first asked for."""

    def __init__(self, folder: Path, model: Path) -> None:
        super().__init__()
        self.folder, self.model = folder, model

    def __missing__(self, key: str) -> Path:
        board, runtime = key.split()
        if runtime == "cmsis-nn":
            pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
        output = self.folder / f"{board}-{runtime}"
        build(BuildRequest(load_board(board), str(self.model), output, runtime))
        self[key] = output
        return output


@pytest.fixture(scope="session")
def images(model_file: Path, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Finished builds for other boards and runtimes, for looking at only."""
    return Images(tmp_path_factory.mktemp("images"), model_file)


@pytest.fixture(scope="session")
def manifest(board: Board) -> Manifest:
    """A manifest with every field set."""
    return Manifest(
        front_end="sea",
        front_end_memory=FrontEndMemory("dtcm", 4096, 35_136, streams=True),
        build_id="ab" * 32,
        board=board,
        layout=flash_layout(board, 2),
        runtime="native",
        goal="balanced",
        ram_limit=300_000,
        by="cycles",
        steps=((0,), (1, 2)),
        orders=(PIXELS, Order("columns", (8,))),
        memory=(MemoryUse("conv1", "dtcm", 0, 4096, 0, 1),),
        status="linked",
        model_name="small",
        model_sha256="cd" * 32,
        head_sha256="23" * 32,
        inputs={"model": "small", "kind": "weights"},
        recordings=("12" * 32,),
        layer_sqnr_db={"conv1": 40.5},
        fidelity={"cosine_min": 0.99, "cosine_median": 0.999, "sqnr_db": 29.5},
        warnings=("one", "two"),
        tools={"arm-none-eabi-gcc": "12.2.1"},
        files={"network.c": "ef" * 32, "firmware.bin": "01" * 32},
        sizes={"firmware.bin": 600_000},
        image_version=7,
    )
