"""`--port virtual`: a virtual board for one command, whose flash contents live in the build folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError, UsageError
from edgel3_deploy.flash import rom_bootloader, serial, virtual_probe
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.confirm import confirm
from edgel3_deploy.flash.delivery import Delivery
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.link.diagnosis import UnansweredError
from edgel3_deploy.link.port import VIRTUAL
from edgel3_deploy.progress import Progress

FLASH_FILE = "virtual-flash.bin"


def flash(goods: Delivery, via: str | None, progress: Progress, *, force: bool = False) -> FlashResult:
    """Bring a build onto the virtual board of its folder, and ask the board what it runs.

    Where its loader answers, the update goes through that, as on a real board. Otherwise its debug probe
    programs everything, loader included; `via` "serial" forbids that, "rom" does it through the ROM
    bootloader and the adapter on its pins.
    """
    board = goods.board
    _require_emulator(board)
    if board.bootloader is None:
        raise UsageError(
            f"{board.name} has no flash memory to program: QEMU loads the image when it starts",
            f"Go on with `edgel3-deploy validate --board {board.name} --port {VIRTUAL}`.",
        )
    if via not in (None, "serial", "rom"):
        raise UsageError(f"the virtual board has nothing for --via {via}", "Leave --via out.")
    file = goods.folder / FLASH_FILE
    if via == "rom":
        result = _through_rom(goods, file, progress)
        with _running(board, file) as path:
            return confirm(result, goods.expected, board, path, progress)
    if via == "serial" or (goods.applications and _is_programmed(file)):
        try:
            with _running(board, file) as path:
                result = serial.flash(goods.applications, board, path, progress, force=force)
                return confirm(result, goods.expected, board, path, progress)
        except (UnansweredError, serial.NeedsProbeError):
            if via == "serial":
                raise
    progress("programming the virtual board with its debug probe")
    result = virtual_probe.program(load_image(goods.image, board), board, file)
    with _running(board, file) as path:
        return confirm(result, goods.expected, board, path, progress)


def _through_rom(goods: Delivery, file: Path, progress: Progress) -> FlashResult:
    from edgel3_deploy.emulate import start

    image = load_image(goods.image, goods.board)
    with start(goods.board, flash_file=file, boot0=True) as held:
        return rom_bootloader.flash(image, goods.board, held.adapter_port or held.port, progress)


def _is_programmed(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(8) not in (b"", b"\xff" * 8)
    except OSError:
        return False


@contextmanager
def _running(
    board: Board, file: Path, *, microphone: Path | None = None, paced: bool = False
) -> Iterator[str]:
    from edgel3_deploy.emulate import Quirks, start

    quirks = Quirks(pace="real" if paced else "turbo")
    with start(board, flash_file=file, microphone=microphone, quirks=quirks) as virtual:
        yield virtual.port


@contextmanager
def port_to_run(
    board: Board, folder: Path, elf: Path, *, microphone: Path | None = None, paced: bool = False
) -> Iterator[str]:
    """Start the virtual board as it was flashed; QEMU's boards, which have no flash, run `elf`.

    Its microphone hears the recording `microphone`. With `paced` line and clocks take the time of a chip;
    QEMU's boards have no other pace.
    """
    from edgel3_deploy.emulate import start

    if _require_emulator(board) == "qemu":
        with start(board, image=elf) as virtual:
            yield virtual.port
        return
    flash_file = folder / FLASH_FILE
    if not flash_file.is_file():
        raise LinkError(
            f"the virtual {board.name} of {folder} was never flashed",
            f"Run `edgel3-deploy flash --board {board.name} --port {VIRTUAL}` first.",
        )
    with _running(board, flash_file, microphone=microphone, paced=paced) as path:
        yield path


def _require_emulator(board: Board) -> str:
    if board.emulator is None:
        raise UsageError(
            f"{board.name} has no virtual board", "Plug the board in and name its port with --port."
        )
    return board.emulator.kind
