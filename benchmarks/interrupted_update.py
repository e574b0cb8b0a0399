"""An update that loses power at a chosen point, and what becomes of the board afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.firmware import Firmware
from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate import PowerCut, start
from edgel3_deploy.errors import EdgeL3DeployError, FlashError, LinkError
from edgel3_deploy.flash import serial, virtual_probe
from edgel3_deploy.flash.application import Application
from edgel3_deploy.flash.confirm import Expected, awaited, confirm
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.image.header import LENGTH
from edgel3_deploy.link.protocol import WRITE_UNIT, Role, SlotState, StayReason
from edgel3_deploy.progress import Progress, silent

FLASH_WORD = {"stm32f7": 4, "stm32h7": 32}
"""Bytes that one programming operation takes, by family (RM0410 section 3.3.7, RM0433 section 4.3.9)."""
_MARKS = 2
"""Words that a new image's first start sets where there are two slots: a trial and the confirmation."""
_ALIVE_SECONDS = 30.0
"""More than a watchdog takes to end an image that hangs."""
_ROOM_SECONDS = 20.0
_VERIFYING = "verifying"


class After(Enum):
    """Who answers once power is back."""

    OLD = "the old image"
    NEW = "the new image"
    LOADER = "the loader"
    HALF_WRITTEN = "an image that is neither"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Cut:
    """`phase` is one of `Update.phases`; `seed` decides the place in it and what is left of torn cells."""

    phase: str
    seed: int


@dataclass(frozen=True)
class Fate:
    """What became of a board: `problem` is empty if the same command again ended with the new image.

    `early` says why the first command failed before the power did, which then failed at that moment.
    """

    cut: Cut
    after: After
    problem: str
    early: str = ""

    @property
    def recovered(self) -> bool:
        """Whether the same command again made all well."""
        return not self.problem


@dataclass(frozen=True)
class Update:
    """An update from `old` to `new` on a board whose flash before it is the file `before`.

    `operations` maps the phases that consist of flash operations to their first and last one, as an
    undisturbed update counts them; `reports` is how often it reports progress, `verifying` how many seconds
    it verifies.
    """

    board: Board
    before: Path
    old: Expected
    new: Expected
    applications: tuple[Application, ...]
    operations: Mapping[str, tuple[int, int]]
    reports: int
    verifying: float

    @property
    def phases(self) -> tuple[str, ...]:
        """What a cut can be in."""
        return (*self.operations, _VERIFYING, "between")


def prepare(old: Firmware, new: Firmware, before: Path) -> Update:
    """Bring a virtual board to the `old` image, confirmed, in every slot; measure an undisturbed update.

    Raises what flashing raises, and FlashError if the update's flash operations are not those that follow
    from the image: then cuts would not be where they claim to be.
    """
    board = old.board
    virtual_probe.program(load_image(old.hex, board), board, before)
    with start(board, flash_file=before) as virtual:
        for _ in old.layout.slots[1:]:
            _flash(old.applications, old.expected, board, virtual.port, silent)
        _await_confirmation(board, virtual.port)
    with _copy(before, "undisturbed") as file, start(board, flash_file=file) as virtual:
        times: list[tuple[str, float]] = []

        def note(stage: str, done: int = 0, total: int = 0) -> None:
            times.append((stage, time.monotonic()))

        sectors = _flash(new.applications, new.expected, board, virtual.port, note)
        _await_confirmation(board, virtual.port)
        virtual.close()
        outcome = virtual.outcome
    operations = _operations(new, sectors)
    counted = outcome.flash_operations if outcome else 0
    planned = max(last for _, last in operations.values())
    if counted != planned:
        raise FlashError(f"an undisturbed update took {counted} flash operations instead of {planned}")
    stages = [stage for stage, _ in times]
    begun = stages.index(_VERIFYING)
    return Update(
        board=board,
        before=before,
        old=old.expected,
        new=new.expected,
        applications=new.applications,
        operations=operations,
        reports=len(times),
        verifying=times[begun + 1][1] - times[begun][1],
    )


def interrupt(update: Update, cut: Cut) -> Fate:
    """Cut the power of a board during the update, switch it on again, and repeat the command.

    Raises FlashError if the update went well before its power failed.
    """
    with _copy(update.before, f"{cut.phase}-{cut.seed}") as file:
        early = _lose_power(update, cut, file)
        with start(update.board, flash_file=file, seed=cut.seed) as virtual:
            after = _who_answers(update, virtual.port)
            problem = ""
            try:
                _flash(update.applications, update.new, update.board, virtual.port, silent)
            except EdgeL3DeployError as error:
                problem = error.message
    return Fate(cut, after, problem, early)


def power_cut(update: Update, cut: Cut) -> PowerCut | None:
    """The flash operation in which the power fails, None for a phase without any."""
    if cut.phase not in update.operations:
        return None
    chance = random.Random(f"{cut.phase} {cut.seed}")
    return PowerCut(chance.randint(*update.operations[cut.phase]), cut.seed)


def _lose_power(update: Update, cut: Cut, file: Path) -> str:
    """Return why the update failed by itself, empty if it was the cut."""
    chance = random.Random(f"{cut.phase} {cut.seed}")
    in_operation = power_cut(update, cut)
    with (
        start(update.board, flash_file=file, power_cut=in_operation) as virtual,
        _reserved(virtual.port),
    ):
        if in_operation:
            progress: Progress = silent
        elif cut.phase == _VERIFYING:
            progress = _at_stage(_VERIFYING, chance.uniform(0, update.verifying), virtual.kill)
        else:
            progress = _at_report(chance.randint(1, update.reports), virtual.kill)
        failure = ""
        try:
            _flash(update.applications, update.new, update.board, virtual.port, progress)
        except EdgeL3DeployError as error:
            failure = error.message
        if virtual.await_power_loss(_ROOM_SECONDS):
            return ""
        virtual.kill()
    if not failure:
        raise FlashError(f"the power did not fail: {cut}, {in_operation}")
    return failure


@contextlib.contextmanager
def _reserved(port: str) -> Iterator[None]:
    """Keep the number of a pseudo-terminal from becoming another board's while a host still looks for it."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield
    finally:
        os.close(descriptor)


def _at_report(number: int, act: Callable[[], None]) -> Progress:
    """Do it in the progress report of that number, counted from 1: between two requests."""
    reports = 0

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        nonlocal reports
        reports += 1
        if reports == number:
            act()

    return progress


def _at_stage(name: str, seconds: float, act: Callable[[], None]) -> Progress:
    """Do it `seconds` after a stage began, while its request is under way."""

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        if stage == name:
            threading.Timer(seconds, act).start()

    return progress


def _who_answers(update: Update, port: str) -> After:
    """A start that failed counts as one of an image that is neither: both images start well."""
    board = update.board
    try:
        with awaited(Role.APPLICATION, board, port, _ALIVE_SECONDS, patience=0.0) as found:
            record = found.client.read_reset()
            if record.restarts or record.fault or record.stay_reason is StayReason.FAILED_START:
                return After.HALF_WRITTEN
            if found.role is Role.LOADER:
                return After.LOADER
            build_id = found.client.identify().build_id
            image = found.client.read_image()
    except LinkError:
        return After.NOBODY
    for known, after in ((update.old, After.OLD), (update.new, After.NEW)):
        if build_id == known.build_id and image.whole and image.crc == known.crcs[image.slot]:
            return after
    return After.HALF_WRITTEN


def _flash(
    applications: tuple[Application, ...], wanted: Expected, board: Board, port: str, progress: Progress
) -> int:
    """What `edgel3-deploy flash` does over the board's serial port; returns how many sectors were erased."""
    result = serial.flash(applications, board, port, progress)
    return len(confirm(result, wanted, board, port, progress).sectors)


def _await_confirmation(board: Board, port: str) -> None:
    """Return once the image that runs has set its mark. Raises LinkError."""
    deadline = time.monotonic() + _ROOM_SECONDS
    while True:
        with awaited(Role.APPLICATION, board, port, _ROOM_SECONDS) as found:
            state = found.client.read_image().state
        if state is SlotState.CONFIRMED:
            return
        if time.monotonic() > deadline:
            raise LinkError(f"the image on {port} runs, and does not confirm itself: {state.name}")


def _operations(new: Firmware, sectors: int) -> dict[str, tuple[int, int]]:
    """First and last flash operation of each phase; the loader leaves out units that are all 0xFF."""
    word = FLASH_WORD[new.board.family]
    image = new.applications[0].image
    units = [image[at : at + WRITE_UNIT] for at in range(0, len(image), WRITE_UNIT)]
    written = sum(unit.count(b"\xff") != len(unit) for unit in units)
    counts = {
        "erase": sectors,
        "program": written * WRITE_UNIT // word,
        "header": LENGTH // word,
        "marks": _MARKS * WRITE_UNIT // word if len(new.layout.slots) > 1 else 0,
    }
    operations = {}
    before = 0
    for phase, count in counts.items():
        if count:
            operations[phase] = (before + 1, before + count)
        before += count
    return operations


@contextlib.contextmanager
def _copy(flash: Path, name: str) -> Iterator[Path]:
    """A copy of the flash file, and of what is kept beside it, for as long as it is used."""
    file = flash.with_name(f"{flash.name}.{name}")
    beside = [file.with_name(f"{file.name}.ecc"), flash.with_name(f"{flash.name}.ecc")]
    shutil.copyfile(flash, file)
    if beside[1].exists():
        shutil.copyfile(beside[1], beside[0])
    try:
        yield file
    finally:
        file.unlink()
        beside[0].unlink(missing_ok=True)
