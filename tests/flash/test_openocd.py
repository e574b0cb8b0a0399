"""OpenOCD is called with exactly these arguments, and its result is read back and compared here."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError, MissingDependencyError
from edgel3_deploy.flash import flash, openocd
from edgel3_deploy.flash.base import Image
from edgel3_deploy.image.hexfile import to_hex
from edgel3_deploy.progress import silent
from tests.flash.conftest import FakeTool
from tests.flash.images import image_for

WORKS = f"""
if "program" in script:
    chip.write_bytes(pathlib.Path("firmware.hex").read_bytes())
else:
    sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
    from edgel3_deploy.flash.hexfile import read_hex
    for number, part in enumerate(read_hex(chip.read_bytes(), "chip")):
        assert f"dump_image readback-{{number}}.bin 0x{{part.origin:08x}} {{len(part.data)}}" in script
        pathlib.Path(f"readback-{{number}}.bin").write_bytes(part.data)
"""


def test_a_bin_is_programmed_at_the_start_of_flash(stm32f7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS)
    result = flash(image_for(stm32f7, 40_000), stm32f7, None, via="openocd")
    config = ["openocd", "-f", "board/stm32f769i-disco.cfg", "-c"]
    assert fake_tool.calls == [
        [*config, "program firmware.hex verify reset exit"],
        [*config, "init; reset halt; dump_image readback-0.bin 0x08000000 40000; reset run; shutdown"],
    ]
    assert (result.tool, result.bytes_written, result.sectors, result.verified) == (
        "openocd",
        40_000,
        (0, 1),
        True,
    )


def test_loader_and_application_are_programmed_and_read_back_apart(
    stm32h7: Board, tmp_path: Path, fake_tool: FakeTool
) -> None:
    path = tmp_path / "with space {and} brace.hex"
    code = image_for(stm32h7, 64)
    path.write_bytes(to_hex([(0x08000000, code), (0x08020000, bytes(100))]))
    fake_tool.install("openocd", WORKS)
    result = flash(path, stm32h7, None, via="openocd")
    config = ["openocd", "-f", "board/st_nucleo_h743zi.cfg", "-c"]
    dumps = "dump_image readback-0.bin 0x08000000 64; dump_image readback-1.bin 0x08020000 100"
    assert fake_tool.calls == [
        [*config, "program firmware.hex verify reset exit"],
        [*config, f"init; reset halt; {dumps}; reset run; shutdown"],
    ]
    assert (result.bytes_written, result.sectors) == (164, (0, 1))


def test_a_silently_truncated_image_is_found(stm32h7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS.replace("(part.data)\n", "(part.data[:600] + bytes(400))\n"))
    with pytest.raises(FlashError, match=r"read-back mismatch at 0x08000258: .* bytes differ\)"):
        flash(image_for(stm32h7, 1_000), stm32h7, None, via="openocd")


def test_an_absent_tool_names_its_package(stm32f7: Board, fake_tool: FakeTool) -> None:
    with pytest.raises(MissingDependencyError, match="openocd is not installed") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="openocd")
    assert "Debian package openocd" in caught.value.hint


def test_a_failing_tool_is_quoted(stm32f7: Board, fake_tool: FakeTool) -> None:
    complaint = "Open On-Chip Debugger 0.12.0\\nError: open failed\\nnever mind"
    fake_tool.install("openocd", f"sys.exit({complaint!r})".replace("\\\\n", "\\n"))
    with pytest.raises(FlashError, match="openocd failed: Error: open failed") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="openocd")
    assert "ST-LINK" in caught.value.hint


def test_a_tool_that_reads_nothing_back_verifies_nothing(stm32f7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", "")
    with pytest.raises(FlashError, match="read nothing back: the image is not verified"):
        flash(image_for(stm32f7, 100), stm32f7, None, via="openocd")


def test_a_short_read_back_is_no_verification(stm32f7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", WORKS.replace("(part.data)\n", "(part.data[:50])\n"))
    with pytest.raises(FlashError, match="read-back returned 50 bytes instead of 100"):
        flash(image_for(stm32f7, 100), stm32f7, None, via="openocd")


def test_a_board_without_a_configuration_says_which_key_is_missing() -> None:
    board = load_board("mps2-an500")
    with pytest.raises(FlashError, match="names no OpenOCD configuration") as caught:
        openocd.flash(Image(()), board, None, silent)
    assert "debug.openocd_config" in caught.value.hint
