"""Other people's bootloader clients and terminals, run as the programs that they are.

A pseudo-terminal has neither parity nor RTS and DTR lines: the bootloader clients are told to do without.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards.board import Board
from tests.emulate.conftest import ROM_START_SECONDS

WITHOUT_MODEM_LINES = """
import runpy, serial.serialposix
serial.serialposix.Serial._update_rts_state = serial.serialposix.Serial._update_dtr_state = lambda self: None
runpy.run_module("stm32loader", run_name="__main__")
"""


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def big_image(raw_image: Path, tmp_path: Path) -> Path:
    """The monitor with 40 KB behind it, so that it reaches into the second sector."""
    image = tmp_path / "big.bin"
    image.write_bytes(raw_image.read_bytes() + os.urandom(40_001))
    return image


def test_stm32flash(
    bench: Callable[..., Any], board_with_rom_on_vcp: Board, big_image: Path, tmp_path: Path
) -> None:
    stm32flash = shutil.which("stm32flash")
    if stm32flash is None:
        pytest.skip("stm32flash is not installed (Debian package stm32flash)")
    flash, back = tmp_path / "flash.bin", tmp_path / "back.bin"
    with bench(board_with_rom_on_vcp, flash_file=flash, boot0=True) as virtual:
        time.sleep(ROM_START_SECONDS)
        assert "Device ID    : 0x0451" in run(stm32flash, "-m", "8n1", virtual.port)
        run(stm32flash, "-m", "8n1", "-w", str(big_image), "-v", virtual.port)
        run(stm32flash, "-m", "8n1", "-r", str(back), "-S", "0x08000000:40000", virtual.port)
        assert back.read_bytes() == big_image.read_bytes()[:40_000]
        assert "done" in run(stm32flash, "-m", "8n1", "-g", "0x08000000", virtual.port)
        assert virtual.ask("?")[0] == "f7"
    assert flash.read_bytes().startswith(big_image.read_bytes())
    with bench("stm32f7", flash_file=flash) as virtual:
        assert virtual.ask("?")[0] == "f7"


def test_stm32flash_erases_and_protects(bench: Callable[..., Any], raw_image: Path, tmp_path: Path) -> None:
    stm32flash = shutil.which("stm32flash")
    if stm32flash is None:
        pytest.skip("stm32flash is not installed (Debian package stm32flash)")
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"\x55" * 2 * 1024 * 1024)
    with bench("nucleo-f767zi", flash_file=flash, boot0=True) as virtual:
        time.sleep(ROM_START_SECONDS)
        run(stm32flash, "-m", "8n1", "-j", virtual.adapter_port)  # ends with a reset
        time.sleep(ROM_START_SECONDS)
        refused = subprocess.run(
            (stm32flash, "-m", "8n1", "-r", "/dev/null", virtual.adapter_port),
            capture_output=True,
            check=False,
        )
        assert refused.returncode != 0
        assert flash.read_bytes() == b"\x55" * 2 * 1024 * 1024
        run(stm32flash, "-m", "8n1", "-k", virtual.adapter_port)
        assert flash.read_bytes() == b"\xff" * 2 * 1024 * 1024


def test_a_shell_as_terminal(bench: Callable[..., Any], raw_image: Path) -> None:
    with bench("stm32f7", image=raw_image) as virtual:
        assert virtual.ask("?")[0] == "f7"
        script = 'stty -F "$1" 115200 raw -echo && exec 3<>"$1" && printf "?" >&3 && head -n 1 <&3'
        assert run("sh", "-c", script, "sh", virtual.port).startswith("f7 ")


@pytest.mark.parametrize(
    ("board", "family", "device"),
    [("nucleo-f767zi", "F7", "0x451"), ("stm32h7", "H7", "0x450")],
)
def test_stm32loader(
    bench: Callable[..., Any], big_image: Path, tmp_path: Path, board: str, family: str, device: str
) -> None:
    if importlib.util.find_spec("stm32loader") is None:
        pytest.skip("stm32loader is not installed (PyPI)")
    flash = tmp_path / "flash.bin"
    options = ("-P", "none", "-b", "57600", "-f", family, "-e", "-w", "-v", str(big_image))
    with bench(board, flash_file=flash, boot0=True) as virtual:
        time.sleep(ROM_START_SECONDS)
        said = run(sys.executable, "-c", WITHOUT_MODEM_LINES, "-p", virtual.adapter_port, *options)
        assert f"Chip id: {device}" in said
        assert "Flash size: 2048 KiB" in said
        assert "Verification OK" in said
    assert flash.read_bytes().startswith(big_image.read_bytes())
