"""`--port virtual`: a virtual board for one command, whose flash contents live in the build folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError, UsageError

VIRTUAL = "virtual"
FLASH_FILE = "virtual-flash.bin"


@contextmanager
def port_to_program(board: Board, folder: Path, *, boot0: bool | None = None) -> Iterator[str]:
    """Start the virtual board for flashing; `boot0` holds that pin, None leaves it to the board."""
    from edgel3_deploy.emulate import start

    _require_emulator(board)
    if board.bootloader is None:
        raise UsageError(
            f"{board.name} has no flash memory to program: QEMU loads the image when it starts",
            f"Go on with `edgel3-deploy validate --board {board.name} --port {VIRTUAL}`.",
        )
    with start(board, flash_file=folder / FLASH_FILE, boot0=boot0) as virtual:
        yield virtual.port


@contextmanager
def port_to_run(board: Board, folder: Path, elf: Path) -> Iterator[str]:
    """Start the virtual board as it was flashed; QEMU's boards, which have no flash, run `elf`."""
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
    with start(board, flash_file=flash_file) as virtual:
        yield virtual.port


def _require_emulator(board: Board) -> str:
    if board.emulator is None:
        raise UsageError(
            f"{board.name} has no virtual board", "Plug the board in and name its port with --port."
        )
    return board.emulator.kind
