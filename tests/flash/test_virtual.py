"""`--port virtual`: first the virtual board's debug probe, later its loader; the flash stays in a file."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import EdgeL3DeployError, FlashError, LinkError, UsageError
from edgel3_deploy.flash import confirm as confirm_module
from edgel3_deploy.flash import flash_build
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.flash.virtual import FLASH_FILE, port_to_run
from edgel3_deploy.link.probe import session
from edgel3_deploy.pipeline.builder import BuildRequest, build
from edgel3_deploy.pipeline.prepared import PreparedBuild, load_build
from tests.flash.applications import write_bare_build, write_build
from tests.flash.images import image_for
from tests.validate.prepared import small_model

PATIENCE_SECONDS = 120.0


def build_small(board: str, folder: Path, *, slots: int | None = None, version: int = 1) -> PreparedBuild:
    """The small network, really built, in a folder of the board's name; the flash file there stays."""
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    for name, content in _built(board, slots, version):
        path = folder / board / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return load_build(folder / board)


@cache
def _built(board: str, slots: int | None, version: int) -> tuple[tuple[str, bytes], ...]:
    """The files of such a build: the same request gives the same bytes, so once is enough."""
    with TemporaryDirectory() as folder:
        model, output = Path(folder) / "small.tflite", Path(folder) / board
        model.write_bytes(small_model())
        facts = load_board(board)
        build(BuildRequest(board=facts, model=str(model), output=output, slots=slots, image_version=version))
        files = (path for path in output.rglob("*") if path.is_file())
        return tuple((str(path.relative_to(output)), path.read_bytes()) for path in files)


@pytest.mark.parametrize("name", ["stm32f7", "nucleo-f767zi", "stm32h7"])
def test_a_blank_board_is_programmed_by_its_probe_and_then_updated_through_its_loader(
    arm_gcc: Path, name: str, tmp_path: Path
) -> None:
    found = build_small(name, tmp_path)
    first = flash_build(found, "virtual")
    assert (first.tool, first.slot, first.confirmed_by_board) == ("virtual debug probe", 0, True)
    contents = (found.directory / FLASH_FILE).read_bytes()
    for part in load_image(found.hex, found.board).parts:
        start = part.origin - found.board.flash.origin
        assert contents[start : start + 128] == part.data[:128]
    later = flash_build(found, "virtual")
    assert (later.tool, later.crc, later.build_id) == ("loader", first.crc, found.manifest.build_id)
    assert 0 not in later.sectors, "the loader never erases itself"


def test_with_two_slots_updates_alternate(arm_gcc: Path, tmp_path: Path) -> None:
    found = build_small("stm32h7", tmp_path, slots=2)
    results = [flash_build(found, "virtual") for _ in range(3)]
    assert [result.slot for result in results] == [0, 1, 0]
    assert [result.notes for result in results] == [(), (), ()], "each has reported a healthy start"


def test_an_older_version_needs_force_there_too(arm_gcc: Path, tmp_path: Path) -> None:
    flash_build(build_small("stm32f7", tmp_path, version=5), "virtual")
    older = build_small("stm32f7", tmp_path, version=4)
    with pytest.raises(FlashError, match="image version 5 is installed, which is newer"):
        flash_build(older, "virtual")
    assert flash_build(older, "virtual", force=True).tool == "loader"


def test_other_slots_and_bare_images_go_back_to_the_probe(arm_gcc: Path, tmp_path: Path) -> None:
    flash_build(build_small("stm32f7", tmp_path), "virtual")
    for slots in (2, 0, 1):
        result = flash_build(build_small("stm32f7", tmp_path, slots=slots), "virtual")
        assert (result.tool, result.confirmed_by_board) == ("virtual debug probe", True)


def test_a_flipped_bit_keeps_the_loader_waiting_until_the_next_flash(arm_gcc: Path, tmp_path: Path) -> None:
    found = build_small("stm32f7", tmp_path)
    flash_build(found, "virtual")
    file = found.directory / FLASH_FILE
    contents = bytearray(file.read_bytes())
    contents[0x1_8000 + 0x400 + 3_000] ^= 0x10
    file.write_bytes(contents)
    with (
        port_to_run(found.board, found.directory, found.elf) as path,
        session(found.board, path) as answering,
    ):
        assert answering.role.name == "LOADER"
        assert answering.client.read_reset().stay_reason.name == "DAMAGED"
    result = flash_build(found, "virtual")
    assert result.tool == "loader"
    assert "DAMAGED" in result.notes[0]


@pytest.mark.parametrize("stage", ["erasing", "writing", "verifying", "starting"])
def test_an_update_that_is_killed_with_its_board_is_recovered_by_the_same_command(
    arm_gcc: Path, stage: str, tmp_path: Path
) -> None:
    found = build_small("stm32f7", tmp_path)
    flash_build(found, "virtual")
    program = (sys.executable, "-c", "from edgel3_deploy.cli.main import main; main()")
    place = ("--board", "stm32f7", "--build-dir", str(found.directory), "--port", "virtual")
    with subprocess.Popen([*program, "flash", *place], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith(stage) for line in process.stderr)
        process.kill()
    result = _flashed_once_free(found)
    assert (result.tool, result.confirmed_by_board) == ("loader", True)


def _flashed_once_free(found: PreparedBuild) -> FlashResult:
    """Flash as soon as the killed command's virtual board has noticed that it is alone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return flash_build(found, "virtual")
        except EdgeL3DeployError as error:
            if "in use" not in error.message or time.monotonic() >= deadline:
                raise
        time.sleep(0.1)


@pytest.mark.parametrize("name", ["nucleo-f767zi", "stm32h7"])
def test_the_rom_bootloader_is_reached_through_the_adapter_on_its_pins(
    arm_gcc: Path, name: str, tmp_path: Path
) -> None:
    found = build_small(name, tmp_path)
    first = flash_build(found, "virtual", via="rom")
    assert (first.tool, first.verified, first.confirmed_by_board) == ("ROM bootloader", True, True)
    assert flash_build(found, "virtual").tool == "loader"


def test_the_disco_boards_rom_is_as_deaf_on_the_virtual_board(stm32f7: Board, tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    with pytest.raises(FlashError, match="does not answer: PA5"):
        flash_build(write_build(tmp_path, stm32f7), "virtual", via="rom")


def test_a_running_virtual_board_is_not_programmed(stm32f7: Board, tmp_path: Path) -> None:
    import fcntl

    found = write_build(tmp_path, stm32f7)
    with (tmp_path / FLASH_FILE).open("wb") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        with pytest.raises(FlashError, match="in use by another virtual board"):
            flash_build(found, "virtual")


def test_a_board_that_does_not_come_up_is_told(
    stm32f7: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("unicorn", reason="the virtual board needs the package unicorn")
    monkeypatch.setattr(confirm_module, "_START_SECONDS", 0.5)
    with pytest.raises(FlashError, match="the board does not say so itself"):
        flash_build(write_build(tmp_path, stm32f7), "virtual")


def test_a_virtual_board_has_no_st_link(stm32f7: Board, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing for --via openocd"):
        flash_build(write_build(tmp_path, stm32f7), "virtual", via="openocd")


def test_a_board_without_flash_points_to_validate(stm32f7: Board, tmp_path: Path) -> None:
    found = write_bare_build(tmp_path, stm32f7)
    found.board = load_board("mps2-an500")
    found.bin.write_bytes(image_for(found.board, 100))
    with pytest.raises(UsageError, match="no flash memory to program") as caught:
        flash_build(found, "virtual")
    assert "validate --board mps2-an500 --port virtual" in caught.value.hint


def test_a_board_without_an_emulator_says_so(stm32f7: Board, tmp_path: Path) -> None:
    board = dataclasses.replace(stm32f7, emulator=None)
    with pytest.raises(UsageError, match="has no virtual board"):
        flash_build(write_build(tmp_path, board), "virtual")


def test_a_board_that_was_never_flashed_is_not_run(stm32f7: Board, tmp_path: Path) -> None:
    with (
        pytest.raises(LinkError, match="never flashed"),
        port_to_run(stm32f7, tmp_path, tmp_path / "firmware.elf"),
    ):
        pass
