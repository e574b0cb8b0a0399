"""Run a virtual board in this process until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate.boards import qemu
from edgel3_deploy.emulate.core.bus import Log
from edgel3_deploy.emulate.image import load_image
from edgel3_deploy.emulate.options import Ports, Quirks, check_quirks
from edgel3_deploy.emulate.stm32.gpio import Pin
from edgel3_deploy.emulate.stm32.power_cut import PowerCut, PowerLost
from edgel3_deploy.errors import MissingDependencyError, UsageError
from edgel3_deploy.extras import require_extra

_JOIN_SECONDS = 0.05
_TICK_SECONDS = {"turbo": 0.02, "real": 0.001}
_logger = logging.getLogger("edgel3_deploy.emulate")


@dataclass(frozen=True)
class Outcome:
    """How a virtual board ended: sectors erased and words programmed, and whether its power failed."""

    flash_operations: int
    power_lost: bool


class Controls(Protocol):
    """What can be done to a running board from outside, from any thread."""

    def pin(self, name: str) -> Pin:
        """The state of a pin, such as "PJ5". Raises UsageError if the chip has none of that name."""

    def press_reset(self) -> None:
        """Press the reset button; return when it has worked."""


def serve(
    board: Board,
    *,
    flash_file: Path | None = None,
    image: Path | None = None,
    boot0: bool | None = None,
    quirks: Quirks | None = None,
    ready: Callable[[Ports], None],
    log: Log | None = None,
    stop: threading.Event | None = None,
    power_cut: PowerCut | None = None,
    seed: int = 0,
    attach: Callable[[Controls], None] | None = None,
    microphone: Path | None = None,
) -> Outcome:
    """Run `board` until SIGINT, SIGTERM or `stop`; `ready` gets its ports once they can be opened.

    The flash is erased, or what `flash_file` holds, or `image` (.bin or .elf). With `boot0` that pin is high,
    and the ROM bootloader runs; otherwise the flash does, or nothing where it is erased. What the board has
    to say goes to `log`, by default to the logger "edgel3_deploy.emulate".

    `seed` decides what is in RAM when power comes on, and unless it is 0 in the MPU's regions. With
    `power_cut` the board loses power in that operation on its flash, and this returns. `attach` is called
    before `ready` with what a hand on the board could do. The board's microphone hears the recording
    `microphone` from when it is started, then silence.

    Raises UsageError, BadInputError or MissingDependencyError before anything runs.
    """
    check(board)
    quirks = quirks or Quirks()
    check_quirks(board, quirks)
    if microphone is not None and board.microphone is None:
        raise UsageError(f"{board.name} has no microphone", "Its board file has no [microphone] with pins.")
    stop = stop or threading.Event()
    with _told_by_signals(stop):
        if board.emulator and board.emulator.kind == "qemu":
            if flash_file is not None or boot0 is not None:
                raise UsageError(f"{board.name} has neither flash nor a BOOT0 pin", "Use --image alone.")
            qemu.run(board, image, lambda path: ready(Ports(path)), stop)
            return Outcome(flash_operations=0, power_lost=False)
        return _run(
            board,
            flash_file=flash_file,
            image=image,
            boot0=bool(boot0),
            quirks=quirks,
            ready=ready,
            log=log or _log,
            stop=stop,
            power_cut=power_cut,
            seed=seed,
            attach=attach,
            microphone=microphone,
        )


def check(board: Board) -> None:
    """Raise UsageError or MissingDependencyError if `board` cannot be emulated here."""
    if board.emulator is None:
        raise UsageError(f"{board.name} has no virtual board", "Its board file has no [emulator].")
    if not hasattr(os, "openpty"):
        raise MissingDependencyError(
            "virtual boards need pseudo-terminals, which this system does not have",
            "Use a real board, or Linux (in WSL, for instance).",
        )
    if board.emulator.kind == "unicorn":
        require_extra("emulator", f"the virtual {board.name}")


def _run(
    board: Board,
    *,
    flash_file: Path | None,
    image: Path | None,
    boot0: bool,
    quirks: Quirks,
    ready: Callable[[Ports], None],
    log: Log,
    stop: threading.Event,
    power_cut: PowerCut | None,
    seed: int,
    attach: Callable[[Controls], None] | None,
    microphone: Path | None,
) -> Outcome:
    from edgel3_deploy.emulate.boards.f7 import stm32f7
    from edgel3_deploy.emulate.boards.h7 import stm32h7
    from edgel3_deploy.emulate.line import Line
    from edgel3_deploy.emulate.machine import Machine
    from edgel3_deploy.emulate.pty import Pty

    pieces = load_image(image, board.flash) if image else ()
    deaf = board.bootloader.deaf if board.bootloader else "its board file has no [bootloader]"
    with ExitStack() as ptys:
        vcp = ptys.enter_context(closing(Pty()))
        adapter = ptys.enter_context(closing(Pty())) if _has_adapter(board) else None
        lines = [Line(pty, real=quirks.pace == "real") for pty in (vcp, adapter) if pty]
        line = lines[0]
        if board.family == "stm32h7":
            part = stm32h7(board, flash_file, line, log, quirks, seed, microphone=microphone)
        else:
            part = stm32f7(board, flash_file, line, log, quirks, seed, microphone=microphone)
        if pieces:
            part.flash.load(pieces)
        part.flash.cut = power_cut
        machine = Machine(
            part,
            line,
            boot0=boot0,
            log=log,
            rom_line=None if deaf else lines[-1],
            deaf=deaf,
            jitter=quirks.rom_jitter,
            seed=seed,
        )
        failures: list[BaseException] = []
        thread = threading.Thread(target=_guarded, args=(machine.run, stop, failures), name="virtual board")
        thread.start()
        try:
            if attach:
                attach(machine)
            ready(Ports(vcp.path, adapter.path if adapter else None))
            while not stop.wait(_TICK_SECONDS[quirks.pace]):
                for each in lines:
                    each.tick()
        finally:
            while thread.is_alive():
                machine.stop()
                thread.join(_JOIN_SECONDS)
        if failures and not isinstance(failures[0], PowerLost):
            raise failures[0]
        part.flash.close()
        return Outcome(part.flash.operations, power_lost=bool(failures))


def _has_adapter(board: Board) -> bool:
    """Whether the ROM bootloader answers at pins that are not the virtual COM port's."""
    rom = board.bootloader
    return rom is not None and not rom.over_vcp and not rom.deaf


def _guarded(run: Callable[[], None], stop: threading.Event, failures: list[BaseException]) -> None:
    try:
        run()
    except BaseException as error:
        failures.append(error)
    finally:
        stop.set()


@contextmanager
def _told_by_signals(stop: threading.Event) -> Iterator[None]:
    """While this lasts, SIGINT and SIGTERM set `stop` (in the main thread only)."""

    def tell(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _log(message: str) -> None:
    _logger.warning("virtual board: %s", message)
