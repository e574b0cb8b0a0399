"""A small monitor program for the chips, and a virtual board to run it on with its messages at hand."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate import VirtualBoard, start

SOURCES = Path(__file__).parent / "monitor"
BAUDRATE = 115_200
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
            names = ("mps2.c",) if chip == "mps2" else ("monitor.c", f"{chip}.c")
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


class Bench:
    """A virtual board with a terminal on it."""

    def __init__(self, virtual: VirtualBoard, messages: Path) -> None:
        self.port = virtual.port
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

    @contextmanager
    def terminal(
        self, baudrate: int = BAUDRATE, parity: str = "N", timeout: float = 10.0
    ) -> Iterator[serial.Serial]:
        """The port, open."""
        with serial.Serial(self.port, baudrate, parity=parity, timeout=timeout) as terminal:
            yield terminal

    def ask(self, command: str, lines: int = 1) -> list[str]:
        """Send a command to the monitor once it is up; the words of its answer."""
        with self.terminal() as terminal:
            terminal.write(b"?")
            while not terminal.read_until(b"\n").startswith((b"f7", b"h7")):
                pass
            terminal.write(command.encode())
            return " ".join(terminal.read_until(b"\n").decode() for _ in range(lines)).split()


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Any]:
    """Context manager: a named board switched on, with the options of `start`."""
    pytest.importorskip("unicorn")

    @contextmanager
    def switched_on(board: str, **options: Any) -> Iterator[Bench]:
        messages = tmp_path / "messages.txt"
        with messages.open("wb") as stream, start(load_board(board), stderr=stream, **options) as virtual:
            yield Bench(virtual, messages)

    return switched_on
