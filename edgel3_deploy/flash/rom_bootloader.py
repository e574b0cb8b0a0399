"""Program the board through its ROM bootloader over a serial port: no probe and, later, no jumper."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgel3_deploy.boards.board import Board, Bootloader
from edgel3_deploy.errors import FlashError, LinkError, UsageError
from edgel3_deploy.flash import an3155
from edgel3_deploy.flash.base import FlashResult, Image, UnreachableError, require_equal
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.progress import Progress

TOOL = "ROM bootloader"
_JUMP_SECONDS = 3.0
_CHIPS = {
    0x449: "STM32F74x/F75x",
    0x450: "STM32H74x/H75x",
    0x451: "STM32F76x/F77x",
    0x452: "STM32F72x/F73x",
    0x480: "STM32H7Ax/H7Bx",
    0x483: "STM32H72x/H73x",
}


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Reach the bootloader, check the chip, erase what the image covers, write, read back, start.

    The bootloader is tried first; if it is silent, the running firmware is asked to jump into it.
    """
    facts = board.bootloader
    if facts is None:
        raise FlashError(f"{board.name} has no ROM bootloader", "Use a tool that its maker names.")
    if port is None:
        raise UsageError("the ROM bootloader is reached over a serial port", "Name it with --port.")
    progress("reaching the ROM bootloader")
    with _reached(board, facts, port) as serial:
        bootloader = an3155.Bootloader(serial)
        _check_chip(bootloader, board, facts, port)
        sectors = tuple(sector.number for sector in image.sectors(board))
        stage = _Stage(progress)
        try:
            for number, sector in enumerate(sectors):
                stage("erasing", number, len(sectors))
                bootloader.erase(sector)
            _write(bootloader, image, facts.program_unit, stage)
            found = _read_back(bootloader, image, stage)
        except LinkError as error:
            raise FlashError(
                f"{error.message} while {stage.name}: the image on it is incomplete",
                "Plug it in again, set BOOT0 high, reset it, and flash again.",
            ) from error
        require_equal(image.data, found, image.origin)
        progress("starting the firmware")
        bootloader.go(image.origin)
    return FlashResult(TOOL, len(image.data), sectors, verified=True)


class _Stage:
    """Passes progress on and remembers what was going on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.name = ""

    def __call__(self, name: str, done: int, total: int) -> None:
        self.name = name
        self._progress(name, done, total)


@contextmanager
def _reached(board: Board, facts: Bootloader, path: str) -> Iterator[Port]:
    with open_port(path, facts.baudrate, parity="E") as port:
        if an3155.Bootloader(port).synchronize():
            yield port
            return
    if not facts.over_vcp:
        raise UnreachableError(
            f"no ROM bootloader answers on {path}",
            f"On {board.title} it does not listen on the virtual COM port ({board.uart.instance}): "
            "use --via openocd, or a USB-UART adapter on PA9/PA10 with BOOT0 high and a reset.",
        )
    _ask_firmware(board, path)
    with open_port(path, facts.baudrate, parity="E") as port:
        if not _within(_JUMP_SECONDS, an3155.Bootloader(port).synchronize):
            raise UnreachableError(
                f"the firmware on {path} left for the ROM bootloader, which does not answer",
                "Set BOOT0 high, reset the board, and flash again.",
            )
        yield port


def _ask_firmware(board: Board, path: str) -> None:
    with open_port(path, board.uart.baudrate) as port:
        client = Client(port)
        try:
            client.hello()
            client.enter_bootloader()
        except LinkError as error:
            raise UnreachableError(
                f"no ROM bootloader answers on {path}, and no firmware to start it: {error.message}",
                "Set BOOT0 high (jumper or switch; `emulate --boot0` for a virtual board), reset, and flash "
                "again; later flashes need no jumper.",
            ) from error


def _within(seconds: float, succeeds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not succeeds():
        if time.monotonic() >= deadline:
            return False
    return True


def _check_chip(bootloader: an3155.Bootloader, board: Board, facts: Bootloader, path: str) -> None:
    if an3155.EXTENDED_ERASE not in bootloader.commands():
        raise FlashError(f"the bootloader on {path} cannot erase by sector", "Use --via openocd.")
    found = bootloader.device_id()
    if found != facts.device_id:
        raise FlashError(
            f"the chip on {path} is {_chip(found)}, {board.name} has {_chip(facts.device_id)}; "
            "nothing was erased",
            "Choose the board that is plugged in (--board), or the port of this one (--port).",
        )


def _chip(device_id: int) -> str:
    name = _CHIPS.get(device_id)
    return f"{name} (id 0x{device_id:03x})" if name else f"id 0x{device_id:03x}"


def _write(bootloader: an3155.Bootloader, image: Image, unit: int, progress: _Stage) -> None:
    for offset in range(0, len(image.data), an3155.MAX_BLOCK):
        progress("writing", offset, len(image.data))
        block = image.data[offset : offset + an3155.MAX_BLOCK]
        bootloader.write(image.origin + offset, block + b"\xff" * (-len(block) % unit))
    progress("writing", len(image.data), len(image.data))


def _read_back(bootloader: an3155.Bootloader, image: Image, progress: _Stage) -> bytes:
    found = bytearray()
    while len(found) < len(image.data):
        progress("verifying", len(found), len(image.data))
        count = min(an3155.MAX_BLOCK, len(image.data) - len(found))
        found += bootloader.read(image.origin + len(found), count)
    progress("verifying", len(found), len(image.data))
    return bytes(found)
