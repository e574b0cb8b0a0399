"""A small monitor program for the chips, and a virtual board to run it on with its messages at hand."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import serial

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import VirtualBoard, start
from edgel3_deploy.flash.an3155 import Bootloader
from edgel3_deploy.link.port import Port, open_port

SOURCES = Path(__file__).parent / "monitor"
PARTS = ("monitor.c", "uart.c", "commands.c")
BAUDRATE = 115_200
ROM_START_SECONDS = 0.3
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def monitor(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds the monitor for "f7", "h7" or "mps2" with the given definitions; returns the ELF."""
    built: dict[tuple[str, ...], Path] = {}
    folder = tmp_path_factory.mktemp("monitor")

    def build(chip: str, *definitions: str) -> Path:
        key = (chip, *definitions)
        if key not in built:
            elf = folder / ("-".join(key).replace("=", "-") + ".elf")
            script = "mps2.ld" if chip == "mps2" else "monitor.ld"
            names = ("mps2.c",) if chip == "mps2" else (*PARTS, f"{chip}.c")
            flags = "-mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-d16 -O1 -Wall -Wextra -Werror"
            subprocess.run(
                (
                    *(
                        str(arm_gcc),
                        *flags.split(),
                        "-ffreestanding",
                        "-fno-tree-loop-distribute-patterns",
                        "-nostdlib",
                    ),
                    *(f"-D{definition}" for definition in (*definitions, f"STM32{chip.upper()}")),
                    *("-T", str(SOURCES / script), *(str(SOURCES / name) for name in names), "-lgcc"),
                    *("-o", str(elf)),
                ),
                check=True,
            )
            built[key] = elf
        return built[key]

    return build


@pytest.fixture(scope="session")
def raw_image(monitor: Build) -> Path:
    """The STM32F7's monitor as a .bin."""
    elf = monitor("f7")
    image = elf.with_suffix(".bin")
    subprocess.run(("arm-none-eabi-objcopy", "-O", "binary", str(elf), str(image)), check=True)
    return image


@pytest.fixture
def board_with_rom_on_vcp() -> Board:
    """A board like the STM32F769I-DISCO whose ROM bootloader can be reached over the virtual COM port."""
    board = load_board("stm32f7")
    assert board.bootloader is not None
    return replace(board, bootloader=replace(board.bootloader, over_vcp=True, deaf=""))


class Bench:
    """A virtual board with a terminal on it."""

    def __init__(self, virtual: VirtualBoard, messages: Path) -> None:
        self.port = virtual.port
        self.adapter_port = virtual.adapter_port
        self.pin = virtual.pin
        self.press_reset = virtual.press_reset
        self.await_power_loss = virtual.await_power_loss
        self._messages = messages

    @property
    def messages(self) -> str:
        """What the virtual board said so far."""
        return self._messages.read_text()

    def await_message(self, text: str) -> None:
        """Return once the board has said `text`."""
        deadline = time.monotonic() + 10
        while text not in self.messages:
            assert time.monotonic() < deadline, self.messages
            time.sleep(0.01)

    @staticmethod
    def _greet(terminal: serial.Serial) -> None:
        terminal.timeout = 3.0
        for _ in range(5):
            terminal.write(b"?")
            while line := terminal.read_until(b"\n"):
                if line.startswith((b"f7", b"h7")):
                    terminal.timeout = 10.0
                    return
        raise AssertionError("the monitor does not answer")

    @contextmanager
    def terminal(
        self, baudrate: int = BAUDRATE, parity: str = "N", timeout: float = 10.0
    ) -> Iterator[serial.Serial]:
        """The virtual COM port, open."""
        with serial.Serial(self.port, baudrate, parity=parity, timeout=timeout) as terminal:
            yield terminal

    @contextmanager
    def bootloader(self) -> Iterator[Bootloader]:
        """The ROM bootloader, connected where it listens."""
        with open_port(self.adapter_port or self.port, 38_400, "E") as port:
            yield connect(port)

    @contextmanager
    def adapter(self, baudrate: int = 38_400, timeout: float = 1.0) -> Iterator[serial.Serial]:
        """The port on the ROM bootloader's pins, open."""
        with serial.Serial(self.adapter_port, baudrate, parity="E", timeout=timeout) as terminal:
            yield terminal

    def ask(self, command: str, lines: int = 1) -> list[str]:
        """Send a command to the monitor once it is up; the words of its answer."""
        with self.terminal() as terminal:
            self._greet(terminal)
            terminal.write(command.encode())
            return " ".join(terminal.read_until(b"\n").decode() for _ in range(lines)).split()


def connect(port: Port) -> Bootloader:
    """The ROM bootloader on `port`, once it has started and found its speed."""
    time.sleep(ROM_START_SECONDS)
    bootloader = Bootloader(port)
    assert any(bootloader.synchronize() for _ in range(10))
    return bootloader


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Any]:
    """Context manager: a board, or the one of that name, switched on with the options of `start`."""
    pytest.importorskip("unicorn")

    @contextmanager
    def switched_on(board: str | Board, **options: Any) -> Iterator[Bench]:
        messages = tmp_path / "messages.txt"
        chosen = board if isinstance(board, Board) else load_board(board)
        with messages.open("wb") as stream, start(chosen, stderr=stream, **options) as virtual:
            yield Bench(virtual, messages)

    return switched_on
