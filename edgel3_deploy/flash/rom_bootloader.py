"""Program the board through its ROM bootloader over a serial port (AN3155, AN2606)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgel3_deploy.boards.board import Board, Bootloader
from edgel3_deploy.errors import FlashError, LinkError, UsageError
from edgel3_deploy.flash import an3155
from edgel3_deploy.flash.base import FlashResult, Image, Part, require_equal
from edgel3_deploy.link import diagnosis
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

_H74X = 0x450
_F76X = 0x451
_OPTION_BYTES = 0x1FFF_0008
"""STM32F76x: OPTCR[31:16] as option bytes (RM0410 section 3.4.1)."""
_N_DBANK = 1 << 13
"""Bit of that halfword: set in single bank mode, as delivered."""
_EARLY_ACK_ID = 0x91
"""STM32H74x bootloader V9.1: acknowledges the erase of bank 2 while it goes on (AN2606)."""
_FIRST_SECTOR_OF_BANK_2 = 8
_SLOWEST_ERASE_SECONDS = 4.0
"""STM32H743, sector of 128 KB, worst case (DS12110, flash memory programming)."""
_SECTOR_TRIES = 3


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Reach the bootloader, check the chip, erase what the image covers, write, read back, start.

    The bootloader is tried first; if it is silent and listens on the board's own serial port (`over_vcp`),
    the running firmware is asked to jump into it.
    """
    facts = board.bootloader
    if facts is None:
        raise FlashError(f"{board.name} has no ROM bootloader", "Use a tool that its maker names.")
    if facts.deaf:
        raise FlashError(
            f"the ROM bootloader of {board.title} does not answer: {facts.deaf}",
            "Program it through its ST-LINK: --via openocd, --via pyocd or --via drive.",
        )
    if port is None:
        raise UsageError("the ROM bootloader is reached over a serial port", "Name it with --port.")
    progress("reaching the ROM bootloader")
    with _reached(board, facts, port) as serial:
        bootloader = an3155.Bootloader(serial)
        _check_chip(bootloader, board, facts, port)
        stage = _Stage(progress)
        sectors = tuple(sector.number for sector in image.sectors(board))
        try:
            erase = _eraser(bootloader, facts)
            for number, sector in enumerate(sectors):
                stage("erasing", number, len(sectors))
                erase(sector)
            _write(bootloader, image, board, erase, stage)
            _verify(bootloader, image, stage)
        except LinkError as error:
            raise FlashError(
                f"{error.message} while {stage.name}: the image on it is incomplete",
                f"Plug it in again, {_entry(facts)}, and flash again.",
            ) from error
        progress("starting the firmware")
        started = bootloader.go(image.origin)
    notes = () if started else ("the bootloader did not say that it started the image: reset the board",)
    return FlashResult(TOOL, image.size, sectors, verified=True, notes=notes)


def _entry(facts: Bootloader) -> str:
    """How a person makes the ROM bootloader start on this board."""
    return f"set BOOT0 high ({facts.boot0}) and reset it" if facts.boot0 else "set BOOT0 high and reset it"


def _by_adapter(facts: Bootloader) -> str:
    return f" ({facts.adapter})" if facts.adapter else ""


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
        bootloader = an3155.Bootloader(port)
        if bootloader.synchronize():
            yield port
            return
        if bootloader.noise and not bootloader.noise.strip(bytes([an3155.SYNC])):
            raise diagnosis.echoed(path)
        if diagnosis.is_readable(bootloader.noise):
            raise diagnosis.foreign(f"{path} at {facts.baudrate} baud", bootloader.noise)
    if not facts.over_vcp:
        raise FlashError(
            f"no ROM bootloader answers on {path}",
            f"On {board.title} it does not listen on the ST-LINK's serial port ({board.uart.instance}): "
            f"connect a USB-UART adapter{_by_adapter(facts)} and {_entry(facts)}; or use --via openocd.",
        )
    _ask_firmware(board, path, facts)
    with open_port(path, facts.baudrate, parity="E") as port:
        # A byte that is cut in half while the bootloader starts fixes a wrong baud rate (AN2606).
        time.sleep(facts.startup_ms / 1000)
        if not _within(_JUMP_SECONDS, an3155.Bootloader(port).answers):
            raise FlashError(
                f"the firmware on {path} left for the ROM bootloader, which does not answer",
                "Press reset first: the firmware is still there. Then try again, or use --via openocd.",
            )
        yield port


def _ask_firmware(board: Board, path: str, facts: Bootloader) -> None:
    with open_port(path, board.uart.baudrate) as port:
        client = Client(port)
        try:
            client.hello()
            client.enter_bootloader()
        except LinkError as error:
            raise FlashError(
                f"no ROM bootloader answers on {path}, and no firmware to start it: {error.message}",
                f"{_entry(facts)[0].upper()}{_entry(facts)[1:]}, and flash again; "
                "later flashes need no such thing.",
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
    if found == _F76X and not _is_single_bank(bootloader):
        raise FlashError(
            f"the chip on {path} is in dual bank mode (nDBANK is 0): its sectors are not those of "
            f"{board.name}; nothing was erased",
            "Set nDBANK to 1 with an ST-LINK (STM32CubeProgrammer, option bytes), then flash again.",
        )


def _is_single_bank(bootloader: an3155.Bootloader) -> bool:
    return bool(int.from_bytes(bootloader.read(_OPTION_BYTES, 2), "little") & _N_DBANK)


def _chip(device_id: int) -> str:
    name = _CHIPS.get(device_id)
    return f"{name} (id 0x{device_id:03x})" if name else f"id 0x{device_id:03x}"


def _eraser(bootloader: an3155.Bootloader, facts: Bootloader) -> Callable[[int], None]:
    """How this version of the bootloader erases a sector."""
    early = (
        facts.device_id == _H74X
        and facts.id_address != 0
        and bootloader.read(facts.id_address, 1)[0] == _EARLY_ACK_ID
    )

    def erase(sector: int) -> None:
        bootloader.erase(sector)
        if early and sector >= _FIRST_SECTOR_OF_BANK_2:
            time.sleep(_SLOWEST_ERASE_SECONDS)

    return erase


def _write(
    bootloader: an3155.Bootloader,
    image: Image,
    board: Board,
    erase: Callable[[int], None],
    progress: _Stage,
) -> None:
    """Write sector by sector, so that one with a damaged block can be erased and sent again."""
    assert board.bootloader is not None
    unit = board.bootloader.program_unit
    done = 0
    for sector in image.sectors(board):
        blocks = _blocks(image, sector.origin, sector.origin + sector.size)
        for number in range(_SECTOR_TRIES):
            try:
                for index, block in enumerate(blocks):
                    progress("writing", done + index * an3155.MAX_BLOCK, image.size)
                    bootloader.write(block.origin, block.data + b"\xff" * (-len(block.data) % unit))
                break
            except an3155.BlockDamagedError:
                if number + 1 == _SECTOR_TRIES:
                    raise
                erase(sector.number)
        done += sum(len(block.data) for block in blocks)
    progress("writing", image.size, image.size)


def _blocks(image: Image, start: int, end: int) -> list[Part]:
    """What the image has from address `start` to `end`, in blocks that one command takes."""
    blocks = []
    for part in image.parts:
        first, last = max(part.origin, start), min(part.end, end)
        for address in range(first, last, an3155.MAX_BLOCK):
            stop = min(address + an3155.MAX_BLOCK, last)
            blocks.append(Part(address, part.data[address - part.origin : stop - part.origin]))
    return blocks


def _verify(bootloader: an3155.Bootloader, image: Image, progress: _Stage) -> None:
    done = 0
    for part in image.parts:
        found = bytearray()
        while len(found) < len(part.data):
            progress("verifying", done + len(found), image.size)
            expected = part.data[len(found) : len(found) + an3155.MAX_BLOCK]
            found += _read_block(bootloader, part.origin + len(found), expected)
        done += len(found)
        require_equal(part, bytes(found))
    progress("verifying", image.size, image.size)


def _read_block(bootloader: an3155.Bootloader, address: int, expected: bytes) -> bytes:
    """What is in flash there, read twice before it is called different: the line may have garbled it."""
    found = bootloader.read(address, len(expected))
    if found != expected and bootloader.synchronize():
        found = bootloader.read(address, len(expected))
    return found
