"""A whole bring-up of a virtual board, and everything that a person at a desk would notice to be wrong."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.firmware import Change, Firmware
from edgel3_deploy.boards.board import Board
from edgel3_deploy.emulate import Quirks, VirtualBoard, start
from edgel3_deploy.errors import EdgeL3DeployError, FlashError
from edgel3_deploy.flash import serial, virtual_probe
from edgel3_deploy.flash.an3155 import Bootloader
from edgel3_deploy.flash.confirm import awaited, confirm
from edgel3_deploy.flash.image import load_image
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.protocol import ErrorCode, Role
from edgel3_deploy.progress import silent

FLASH_FILE = "virtual-flash.bin"
_START_SECONDS = 6.0
_WATCH_SECONDS = 1.5
"""Longer than the watchdogs of the images under test wait."""
_ROM_SECONDS = 20.0
SOUND_SILICON = Quirks()


@dataclass(frozen=True)
class Scenario:
    """What the firmware meets: the silicon, who starts it, and `others`, what another program left behind.

    `through_rom`: BOOT0 is high and the ROM bootloader starts it with Go. `cpu_hz` is the clock that this
    silicon reaches, by default the board's.
    """

    name: str = "power-on"
    quirks: Quirks = SOUND_SILICON
    through_rom: bool = False
    others: tuple[Change, ...] = ()
    cpu_hz: int | None = None


@dataclass(frozen=True)
class Task:
    """An input of the network and the output that TFLite Micro gives for it, int8."""

    window: bytes
    output: bytes


def task(model: bytes, shape: tuple[int, ...]) -> Task:
    """A random input of `shape` for the .tflite `model`."""
    from edgel3_deploy.reference import truth

    window = np.random.default_rng(1).integers(-128, 128, shape, dtype=np.int8)
    outputs, _ = truth(model, window[np.newaxis])
    return Task(window.tobytes(), outputs[0].tobytes())


def bring_up(firmware: Firmware, scenario: Scenario, wanted: Task) -> list[str]:
    """Program, start, infer, update over the loader, reset; return what was noticed, nothing if all was well.

    The virtual board's own messages count: on silicon they would be faults that nobody sees.
    """
    board = firmware.board
    cpu_hz = scenario.cpu_hz or board.clock.cpu_hz
    file = firmware.folder / FLASH_FILE
    virtual_probe.program(load_image(firmware.hex, board), board, file)
    noticed: list[str] = []
    with tempfile.TemporaryFile() as messages:
        with start(
            board,
            flash_file=file,
            boot0=scenario.through_rom or None,
            quirks=scenario.quirks,
            stderr=messages,
        ) as virtual:
            try:
                if scenario.through_rom:
                    _go(board, virtual)
                _examine(board, virtual.port, wanted, cpu_hz)
                if not scenario.through_rom:
                    _update_and_reset(firmware, virtual.port)
                    _examine(board, virtual.port, wanted, cpu_hz)
            except EdgeL3DeployError as error:
                noticed.append(error.message.replace(virtual.port, "PORT"))
        messages.seek(0)
        said = messages.read().decode().splitlines()
    # What the board says comes before what else its process printed.
    said.sort(key=lambda line: not line.startswith("virtual board:"))
    return [*dict.fromkeys(said), *noticed]


def _update_and_reset(firmware: Firmware, port: str) -> None:
    """Every way on which the chip resets itself. Raises EdgeL3DeployError for what is not as it should be."""
    board = firmware.board
    result = serial.flash(firmware.applications, board, port, silent)
    confirm(result, firmware.expected, board, port, silent)
    with _session(board, port, Role.APPLICATION) as client:
        client.enter_bootloader()
    with _session(board, port, Role.LOADER) as client:
        time.sleep(_WATCH_SECONDS)
        _expect_no_update(client)
        client.boot()
    time.sleep(_WATCH_SECONDS)
    with _session(board, port, Role.APPLICATION) as client:
        client.reset()
    with _session(board, port, Role.APPLICATION) as client:
        record = client.read_reset()
    if record.restarts or record.fault:
        raise FlashError(f"{record.restarts} resets by the watchdog; fault on record: {record.fault}")


def _expect_no_update(client: Client) -> None:
    """A loader that has just started knows of no update."""
    try:
        client.erase(0)
    except RefusedError as error:
        if error.code == ErrorCode.NO_UPDATE:
            return
        raise
    raise FlashError("the loader erased a sector without an update")


def _examine(board: Board, port: str, wanted: Task, cpu_hz: int) -> None:
    with _session(board, port, Role.APPLICATION) as client:
        identity = client.identify()
        if identity.cpu_hz != cpu_hz:
            raise FlashError(f"the CPU runs at {identity.cpu_hz:,} Hz instead of {cpu_hz:,}")
        client.load_input(wanted.window)
        client.run()
        if client.read_output(len(wanted.output)) != wanted.output:
            raise FlashError("an inference gives another output than the reference")
        memory = client.memory()
        if not 0 < memory.stack_peak <= memory.stack_size // 2:
            raise FlashError(f"the deepest stack use is {memory.stack_peak} of {memory.stack_size} bytes")


@contextlib.contextmanager
def _session(board: Board, port: str, role: Role) -> Iterator[Client]:
    """A session in which no reply may be lost; raises FlashError if another role answers."""
    with awaited(role, board, port, _START_SECONDS, patience=1.0) as found:
        if found.role is not role:
            raise FlashError(f"the {found.role.name.lower()} answers instead of the {role.name.lower()}")
    with open_port(port, board.uart.baudrate) as opened:
        client = Client(opened, timeout=5.0, retries=0)
        client.hello()
        yield client


def _go(board: Board, virtual: VirtualBoard) -> None:
    """Let the ROM bootloader start what is in flash."""
    assert board.bootloader is not None
    with open_port(virtual.adapter_port or virtual.port, board.bootloader.baudrate, "E") as opened:
        bootloader = Bootloader(opened)
        deadline = time.monotonic() + _ROM_SECONDS
        while not bootloader.answers():
            if time.monotonic() > deadline:
                raise FlashError("the ROM bootloader does not answer")
        bootloader.go(board.flash.origin)
