"""pyOCD is called with exactly these arguments, and its result is read back and compared here."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError, MissingDependencyError
from edgel3_deploy.flash import flash, pyocd
from edgel3_deploy.flash.base import Image
from edgel3_deploy.image.hexfile import to_hex
from edgel3_deploy.progress import silent
from tests.flash.conftest import FakeTool
from tests.flash.images import image_for

WORKS = f"""
if argv[1] == "flash":
    chip.write_bytes(pathlib.Path(argv[-1]).read_bytes())
elif argv[1] == "cmd":
    sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
    from edgel3_deploy.flash.hexfile import read_hex
    origin, count, name = re.search(r"savemem (\\S+) (\\d+) (\\S+)", script).groups()
    part = next(p for p in read_hex(chip.read_bytes(), "chip") if p.origin == int(origin, 0))
    assert len(part.data) == int(count)
    pathlib.Path(name).write_bytes(part.data)
"""


def test_a_bin_is_programmed_read_back_and_started(stm32h7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("pyocd", WORKS)
    result = flash(image_for(stm32h7, 1_000), stm32h7, None, via="pyocd")
    assert stm32h7.debug is not None
    target = ["-t", stm32h7.debug.pyocd_target]
    assert fake_tool.calls == [
        ["pyocd", "flash", *target, "firmware.hex"],
        ["pyocd", "cmd", *target, "-c", "savemem 0x08000000 1000 readback-0.bin"],
        ["pyocd", "reset", *target],
    ]
    assert (result.tool, result.bytes_written, result.sectors, result.verified) == (
        "pyocd",
        1_000,
        (0,),
        True,
    )


def test_loader_and_application_are_read_back_apart(
    stm32f7: Board, tmp_path: Path, fake_tool: FakeTool
) -> None:
    path = tmp_path / "firmware.hex"
    path.write_bytes(to_hex([(0x08000000, image_for(stm32f7, 64)), (0x08008000, bytes(100))]))
    fake_tool.install("pyocd", WORKS)
    assert flash(path, stm32f7, None, via="pyocd").sectors == (0, 1)
    assert [call[-1] for call in fake_tool.calls if call[1] == "cmd"] == [
        "savemem 0x08000000 64 readback-0.bin",
        "savemem 0x08008000 100 readback-1.bin",
    ]


def test_a_corrupted_flash_is_found_and_not_started(stm32h7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("pyocd", WORKS.replace("(part.data)\n", "(bytes(len(part.data)))\n"))
    with pytest.raises(FlashError, match="read-back mismatch at 0x08000001"):
        flash(image_for(stm32h7, 1_000), stm32h7, None, via="pyocd")
    assert [call[1] for call in fake_tool.calls] == ["flash", "cmd"]


def test_an_absent_tool_names_its_package(stm32f7: Board, fake_tool: FakeTool) -> None:
    with pytest.raises(MissingDependencyError, match="pyocd is not installed") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="pyocd")
    assert "pip install 'pyocd>=0.36'" in caught.value.hint


def test_a_board_without_a_target_says_which_key_is_missing() -> None:
    with pytest.raises(FlashError, match="names no pyOCD target") as caught:
        pyocd.flash(Image(()), load_board("mps2-an500"), None, silent)
    assert "debug.pyocd_target" in caught.value.hint
