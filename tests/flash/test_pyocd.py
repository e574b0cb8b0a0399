"""pyOCD is called with exactly these arguments, and its result is read back and compared here."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError, MissingDependencyError
from edgel3_deploy.flash import flash, pyocd
from edgel3_deploy.flash.base import Image
from edgel3_deploy.progress import silent
from tests.flash.conftest import FakeTool
from tests.flash.images import image_for
from tests.flash.test_image import elf

WORKS = """
if argv[1] == "flash":
    chip.write_bytes(pathlib.Path(argv[-1]).read_bytes())
elif argv[1] == "cmd":
    count = int(re.search(r"savemem 0x08000000 (\\d+) readback.bin", script).group(1))
    pathlib.Path("readback.bin").write_bytes(chip.read_bytes()[:count])
"""


def test_a_bin_is_programmed_read_back_and_started(stm32h7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("pyocd", WORKS)
    result = flash(image_for(stm32h7, 1_000), stm32h7, None, via="pyocd")
    assert stm32h7.debug is not None
    target = ["-t", stm32h7.debug.pyocd_target]
    assert fake_tool.calls == [
        ["pyocd", "flash", *target, "--base-address", "0x08000000", "firmware.bin"],
        ["pyocd", "cmd", *target, "-c", "savemem 0x08000000 1000 readback.bin"],
        ["pyocd", "reset", *target],
    ]
    assert (result.tool, result.bytes_written, result.sectors, result.verified) == (
        "pyocd",
        1_000,
        (0,),
        True,
    )


def test_an_elf_needs_no_base_address(stm32f7: Board, tmp_path: Path, fake_tool: FakeTool) -> None:
    code = image_for(stm32f7, 64)
    path = tmp_path / "firmware.elf"
    path.write_bytes(elf((0x08000000, code)))
    fake_tool.install("pyocd", f"pathlib.Path('readback.bin').write_bytes({code!r})")
    flash(path, stm32f7, None, via="pyocd")
    assert fake_tool.calls[0] == ["pyocd", "flash", "-t", "stm32f767zi", "firmware.elf"]


def test_a_corrupted_flash_is_found_and_not_started(stm32h7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("pyocd", WORKS.replace("chip.read_bytes()[:count]", "bytes(count)"))
    with pytest.raises(FlashError, match="read-back mismatch at 0x08000001"):
        flash(image_for(stm32h7, 1_000), stm32h7, None, via="pyocd")
    assert [call[1] for call in fake_tool.calls] == ["flash", "cmd"]


def test_an_absent_tool_names_its_package(stm32f7: Board, fake_tool: FakeTool) -> None:
    with pytest.raises(MissingDependencyError, match="pyocd is not installed") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="pyocd")
    assert "pip install pyocd" in caught.value.hint


def test_a_board_without_a_target_says_which_key_is_missing() -> None:
    with pytest.raises(FlashError, match="names no pyOCD target") as caught:
        pyocd.flash(Image(b"", 0), load_board("mps2-an500"), None, silent)
    assert "debug.pyocd_target" in caught.value.hint
