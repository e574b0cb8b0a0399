"""A prepared build is trusted only if its files are the ones that the build wrote."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.pipeline.prepared import load_build, load_build_for


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A finished build that a test may damage."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def test_a_finished_build_is_loaded(finished: Path, model_file: Path) -> None:
    build = load_build(finished)
    assert build.board.name == "stm32f7"
    assert build.model == model_file.read_bytes()
    assert build.network.input.shape == (13, 10, 1)
    assert build.network.name == build.manifest.model_name == "small"
    assert build.float_network is None
    assert build.elf.is_file()
    assert build.bin.is_file()
    assert build.hex.is_file()
    assert build.loader is not None
    assert build.loader.is_file()
    assert build.loader_elf is not None
    assert build.loader_elf.is_file()
    assert build.layout == flash_layout(build.board, 1)
    assert build.applications == (build.application(0),)
    assert build.application(0).name == "application.bin"
    assert build.manifest.image_version == 1
    with pytest.raises(IndexError):
        build.application(1)


def test_a_bare_image_has_no_loader_and_no_applications(images: dict[str, Path]) -> None:
    build = load_build(images["mps2-an500 native"])
    assert build.layout == flash_layout(build.board, 0)
    assert (build.loader, build.loader_elf, build.applications) == (None, None, ())


def test_steps_of_layers_that_the_model_has_not_are_refused(copy: Path) -> None:
    manifest = copy / "manifest.json"
    content = json.loads(manifest.read_text())
    content["steps"][-1] = [99]
    manifest.write_text(json.dumps(content))
    with pytest.raises(BadInputError, match="'steps' names layer 99, but the model has 7 layers"):
        load_build(copy)


def test_an_order_that_a_layer_s_shape_has_not_is_refused(copy: Path) -> None:
    manifest = copy / "manifest.json"
    content = json.loads(manifest.read_text())
    content["orders"][-1] = {"axis": "rows", "cuts": []}
    manifest.write_text(json.dumps(content))
    with pytest.raises(BadInputError, match=r"'orders' shows layer 6 by rows, but its shape is \(7,\)"):
        load_build(copy)


def test_a_manifest_that_forgets_an_image_is_refused(copy: Path) -> None:
    manifest = copy / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["files"]["application.bin"], content["sizes"]["application.bin"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(BadInputError, match=r"application\.bin is not the file"):
        load_build(copy)


@pytest.mark.parametrize(
    "name", ["firmware.elf", "firmware.bin", "application.bin", "loader/loader.bin", "model.tflite"]
)
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[100] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BadInputError, match=f"{name} is not the file") as caught:
        load_build(copy)
    assert "edgel3-deploy build --board stm32f7" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["firmware.elf", "firmware.bin", "application.bin", "loader/loader.bin", "model.tflite"]
)
def test_a_lost_file_is_told(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BadInputError, match=f"{name} cannot be read"):
        load_build(copy)


def test_no_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no finished build"):
        load_build(tmp_path / "nothing")


def test_a_rendered_project_has_no_image(copy: Path) -> None:
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"status": "linked"', '"status": "rendered"'))
    with pytest.raises(BadInputError, match="not linked") as caught:
        load_build(copy)
    assert "--tflm-root" in caught.value.hint


def test_a_build_must_be_the_board_s(finished: Path, board: Board) -> None:
    assert load_build_for(board, finished).board == board
    with pytest.raises(UsageError, match="holds a build for stm32f7, not for stm32h7") as caught:
        load_build_for(load_board("stm32h7"), finished)
    assert "--board stm32f7" in caught.value.hint
    changed = dataclasses.replace(board, stack_size=board.stack_size * 2)
    with pytest.raises(BadInputError, match="another version of the board file"):
        load_build_for(changed, finished)
