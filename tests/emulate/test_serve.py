from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import Ports, Quirks, serve
from edgel3_deploy.errors import BadInputError, UsageError
from tests.link.pty_device import number_held

pytest.importorskip("unicorn")
FOREGROUND = """
import sys
from pathlib import Path
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import serve
serve(load_board("stm32h7"), flash_file=Path(sys.argv[1]), ready=lambda ports: print(ports.vcp, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_success_and_keep_the_flash(
    number: signal.Signals, repository: Path, tmp_path: Path
) -> None:
    flash = tmp_path / "flash.bin"
    process = subprocess.Popen(
        (sys.executable, "-c", FOREGROUND, str(flash)), stdout=subprocess.PIPE, text=True, cwd=repository
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    assert Path(port).exists()
    with number_held(port):
        process.send_signal(number)
        assert process.wait(60) == 0
        assert not Path(port).exists()
    assert flash.read_bytes() == b"\xff" * 2 * 1024 * 1024
    process.stdout.close()


def test_runs_in_a_thread_until_told(raw_image: Path, tmp_path: Path) -> None:
    flash, stop, ports = tmp_path / "flash.bin", threading.Event(), []

    def ready(found: Ports) -> None:
        ports.append(found)
        stop.set()

    said: list[str] = []
    board = load_board("stm32f7")
    thread = threading.Thread(
        target=lambda: serve(
            board, flash_file=flash, image=raw_image, ready=ready, log=said.append, stop=stop
        )
    )
    thread.start()
    thread.join(60)
    assert len(ports) == 1
    assert said == []
    image = raw_image.read_bytes()
    assert flash.read_bytes() == image + b"\xff" * (board.flash.size - len(image))


def test_a_board_without_an_emulator() -> None:
    with pytest.raises(UsageError, match="stm32f7 has no virtual board"):
        serve(replace(load_board("stm32f7"), emulator=None), ready=lambda _ports: None)


def test_qemu_boards_have_no_flash_to_keep(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither flash nor a BOOT0 pin"):
        serve(load_board("mps2-an500"), flash_file=tmp_path / "flash.bin", ready=lambda _ports: None)
    with pytest.raises(BadInputError, match="has no flash to keep an image in"):
        serve(load_board("mps2-an500"), ready=lambda _ports: None)


@pytest.mark.parametrize(
    ("board", "quirks", "complaint"),
    [
        ("stm32f7", Quirks(rom_version=0x90), "there is no ROM bootloader 0x90 for stm32f7"),
        ("stm32f7", Quirks(revision="Y"), "stm32f7 has no silicon revision Y"),
        ("stm32h7", Quirks(rom_jitter=True), "stm32h7 measures every speed rightly"),
        ("stm32h7", Quirks(dual_bank=True), "stm32h7 has two banks in any case"),
        ("mps2-an500", Quirks(hse_fails=True), "nothing of its silicon can be chosen"),
    ],
)
def test_what_a_board_cannot_have_is_refused(board: str, quirks: Quirks, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        serve(load_board(board), quirks=quirks, ready=lambda _ports: None)
