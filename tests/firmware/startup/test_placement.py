"""Hot kernels run from the ITCM where the board has one, hot buffers lie in the DTCM, nothing overflows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Board
from edgel3_deploy.image.layout import flash_layout, image_region
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.resources import firmware_dir
from edgel3_deploy.toolchain.budget import measure
from edgel3_deploy.toolchain.elf import Image, read_elf
from tests.firmware.images import build_image
from tests.graph.l3 import sparse_small
from tests.graph.models import ModelBuilder

ASSEMBLY = (
    "edgel3_gemm_s8",
    "edgel3_mono_run",
    "edgel3_gemm_s16",
    "edgel3_f44_rectified",
    "edgel3_f44_rectified_pooled",
    "edgel3_f44_weights",
    "edgel3_f44_input",
)
"""The kernels in assembly, as the linker script places them."""
STEM = ("edgel3_gemm_s16", "edgel3_mono_run", "edgel3_f44_rectified", "edgel3_f44_input")
"""What the network below runs most of its instructions in."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shapes of a small EdgeL3's first layers, rectified."""
    network = ModelBuilder((32, 24, 1)).conv2d(16, activation="RELU").conv2d(32, activation="RELU")
    path = tmp_path_factory.mktemp("model") / "stem.tflite"
    path.write_bytes(network.max_pool2d().conv2d(32, activation="RELU").build())
    return path


class Images(dict[str, Image]):
    """Images of the model by board, linked when first asked for."""

    def __init__(self, model: Path, folder: Path) -> None:
        super().__init__()
        self.model, self.folder = model, folder

    def build(self, board: Board, runtime: str = "native") -> Image:
        output = self.folder / f"{board.name}-{runtime}"
        build(BuildRequest(board=board, model=str(self.model), output=output, runtime=runtime))
        return read_elf(output / "firmware.elf")

    def __missing__(self, name: str) -> Image:
        self[name] = self.build(load_board(name))
        return self[name]


@pytest.fixture(scope="module")
def images(model: Path, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Images:
    return Images(model, tmp_path_factory.mktemp("images"))


def with_itcm(size: int) -> Board:
    """An STM32F7 with that much ITCM."""
    board = load_board("stm32f7")
    regions = tuple(replace(r, size=size) if r.kind == "itcm" else r for r in board.regions)
    return replace(board, name=f"itcm{size}", regions=regions)


def region_of(image: Image, board: Board, name: str) -> str:
    """The memory that holds all of a function or object."""
    symbol = next(symbol for symbol in image.symbols if symbol.name == name)
    end = symbol.address + symbol.size
    return next(r.name for r in board.regions if r.origin <= symbol.address and end <= r.end)


@pytest.mark.parametrize(
    ("name", "memory"),
    [("stm32f7", "itcm"), ("nucleo-f767zi", "itcm"), ("stm32h7", "itcm"), ("mps2-an500", "flash")],
)
def test_hot_kernels_run_from_the_itcm_where_there_is_one(images: Images, name: str, memory: str) -> None:
    assert {region_of(images[name], load_board(name), kernel) for kernel in STEM} == {memory}


def test_a_large_itcm_holds_the_c_kernels_too(images: Images) -> None:
    board = load_board("stm32h7")
    for function in ("edgel3_f44_weights", "edgel3_winograd", "edgel3_conv_mono"):
        assert region_of(images[board.name], board, function) == "itcm"


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7", "mps2-an500"])
def test_each_arena_lies_in_its_region(images: Images, name: str) -> None:
    """Rings, maps and workspaces are in the DTCM; the front end's stream may be elsewhere."""
    image, board = images[name], load_board(name)
    arenas = [symbol.name for symbol in image.symbols if symbol.name.startswith("edgel3_arena")]
    regions = {arena.removeprefix("edgel3_arena").removeprefix("_") or "dtcm": arena for arena in arenas}
    assert "dtcm" in regions
    assert all(region_of(image, board, arena) == region for region, arena in regions.items())


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_the_budget_counts_the_code_in_the_itcm_and_its_copy_in_flash(images: Images, name: str) -> None:
    image, board = images[name], load_board(name)
    code = next(section for section in image.sections if section.name == ".itcm_text")
    layout = flash_layout(board)
    assert code.load_address == image_region(board, layout).origin + 64
    budget = measure(image, board, layout)
    assert {row.name: row.used for row in budget.regions}["itcm"] == code.size
    stored = sum(section.size for section in image.sections if section.stored)
    assert budget.flash.used == stored + layout.overhead


@pytest.mark.parametrize(("name", "memory"), [("stm32f7", "itcm"), ("stm32h7", "itcm")])
def test_lists_of_sparse_networks_run_from_the_itcm(
    arm_gcc: Path, tmp_path: Path, name: str, memory: str
) -> None:
    (tmp_path / "sparse.tflite").write_bytes(sparse_small((64, 50)))
    board = load_board(name)
    build(BuildRequest(board=board, model=str(tmp_path / "sparse.tflite"), output=tmp_path / name))
    image = read_elf(tmp_path / name / "firmware.elf")
    for function in ("edgel3_sparse_tile", "edgel3_sparse_run_taps"):
        assert region_of(image, board, function) == memory


def test_matrix_products_of_cmsis_nn_run_from_the_itcm(images: Images) -> None:
    pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
    board = load_board("stm32f7")
    image = images.build(board, "cmsis-nn")
    assert region_of(image, board, "arm_nn_mat_mult_nt_t_s8") == "itcm"


OUTPUT = {"edgel3_f44_rectified", "edgel3_f44_rectified_pooled"}
TRANSFORMS = {"edgel3_f44_weights", "edgel3_f44_input"}


@pytest.mark.parametrize(
    ("itcm", "outside"),
    [
        (3 * 1024, {"edgel3_gemm_s16"} | OUTPUT | TRANSFORMS),
        (12 * 1024, OUTPUT | TRANSFORMS),
        (16 * 1024, {"edgel3_f44_weights"}),
        (18960 + 256 + 1024, set()),
        (32 * 1024, set()),
    ],
)
def test_what_does_not_fit_the_itcm_stays_in_flash_though_every_kernel_is_linked(
    arm_gcc: Path, tmp_path: Path, itcm: int, outside: set[str]
) -> None:
    """18,960 bytes is what the linker script reckons with for the kernels in assembly, 256 its reserve.

    The first 1,024 bytes are the guard that makes null pointers fault.
    """
    board = with_itcm(itcm)
    sources = [str(path) for path in sorted((firmware_dir() / "kernels").glob("*.S"))]
    wanted = [f"-Wl,--undefined={kernel}" for kernel in ASSEMBLY]
    headers = f"-I{firmware_dir() / 'include'}"
    image = read_elf(build_image(arm_gcc, board, tmp_path, headers, *sources, *wanted))
    assert {kernel for kernel in ASSEMBLY if region_of(image, board, kernel) == "flash"} == outside
