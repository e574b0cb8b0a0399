"""The firmware on every board that can be emulated: mps2-an500 by QEMU, the others by the virtual board."""

from __future__ import annotations

import importlib.util
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.emulate import VirtualBoard, start
from edgel3_deploy.errors import LinkError
from edgel3_deploy.flash.an3155 import Bootloader
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import Port, open_port
from edgel3_deploy.link.protocol import CounterUnit
from tests.firmware.images import build_image
from tests.firmware.loader_session import ANSWER_SECONDS, PATIENCE_SECONDS

INPUT = bytes(value % 100 for value in range(1300))
INVERTED = bytes(value ^ 0x55 for value in INPUT)
OUTPUT = INVERTED[:700]
BAD_ADDRESS, STACK_OVERFLOW, FAIL, DEEP_STACK = 101, 102, 103, 104
NULL_WRITE, NULL_READ, DIVIDE_BY_ZERO, ENDLESS_LOOP, CREEPING_STACK = 105, 106, 107, 108, 109
STM32 = ("stm32f7", "nucleo-f767zi", "stm32h7")


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Board:
    """The board under test; skips where its emulator is missing."""
    name: str = request.param
    if name in STM32 and importlib.util.find_spec("unicorn") is None:
        pytest.skip("the Python package unicorn is not installed")
    if name not in STM32:
        request.getfixturevalue("qemu")
    return load_board(name)


@pytest.fixture
def running(board: Board, image_for: Callable[[str], Path]) -> Iterator[VirtualBoard]:
    """The board, running the stand-in network's image."""
    with start(board, image=image_for(board.name)) as virtual:
        yield virtual


@pytest.fixture
def port(running: VirtualBoard, board: Board) -> Iterator[Port]:
    with open_port(running.port, board.uart.baudrate) as opened:
        yield opened


@pytest.fixture
def client(port: Port) -> Client:
    """A session that said hello."""
    client = Client(port, timeout=ANSWER_SECONDS)
    client.hello()
    return client


every_board = pytest.mark.parametrize("board", ["mps2-an500", *STM32], indirect=True)
every_family = pytest.mark.parametrize("board", ["mps2-an500", "stm32f7", "stm32h7"], indirect=True)


def with_command(command: int) -> bytes:
    return bytes([command]) + INPUT[1:]


@every_board
def test_an_inference(client: Client, board: Board) -> None:
    identity = client.identify()
    assert (identity.board, identity.model, identity.runtime) == (board.name, "fake", "native")
    assert identity.cpu_hz == board.clock.cpu_hz
    if board.bootloader:
        assert identity.device_id & 0xFFF == board.bootloader.device_id
        assert identity.counter_unit is CounterUnit.CPU_CYCLES
    else:
        assert identity.counter_unit is CounterUnit.INSTRUCTIONS

    client.load_input(INPUT)
    total = client.run(checksums=True)
    assert client.read_output(700) == OUTPUT
    assert client.checksums(3) == tuple(zlib.crc32(data) for data in (INPUT, INVERTED, OUTPUT))
    layers = client.timing(3)
    assert sum(layers) == total
    assert min(layers) > 0


@every_family
def test_the_stack_s_high_water_mark_follows_its_use(client: Client, board: Board) -> None:
    before = client.memory()
    assert before.stack_size == board.stack_size
    assert 0 < before.stack_peak < 2000
    client.load_input(with_command(DEEP_STACK))
    client.run()
    assert 2000 <= client.memory().stack_peak < 4000


@every_family
def test_a_failed_layer_is_reported(client: Client) -> None:
    client.load_input(with_command(FAIL))
    with pytest.raises(LinkError, match="detail 2"):
        client.run()


@every_family
def test_a_fault_is_reported_until_the_board_is_reset(client: Client) -> None:
    client.load_input(with_command(BAD_ADDRESS))
    for attempt in (client.run, client.hello):
        with pytest.raises(LinkError, match="0xa0000000"):
            attempt()
    client.reset()
    client.hello()
    assert client.memory().stack_peak < 2000


@every_family
def test_a_stack_overflow_faults(client: Client) -> None:
    client.load_input(with_command(STACK_OVERFLOW))
    with pytest.raises(LinkError, match="stack overflow"):
        client.run()


@pytest.mark.parametrize("board", ["stm32f7", "stm32h7"], indirect=True)
@pytest.mark.parametrize("command", [NULL_WRITE, NULL_READ, CREEPING_STACK])
def test_what_the_memory_protection_guards_faults(client: Client, command: int) -> None:
    client.load_input(with_command(command))
    with pytest.raises(LinkError, match="DACCVIOL"):
        client.run()


@every_family
def test_a_division_by_zero_faults(client: Client) -> None:
    client.load_input(with_command(DIVIDE_BY_ZERO))
    with pytest.raises(LinkError, match="DIVBYZERO"):
        client.run()


@every_family
def test_a_terminal_is_told_what_this_is(port: Port, board: Board) -> None:
    port.write(b"\r")
    line = b""
    while not line.endswith(b"\n"):
        line += port.read_exactly(1, PATIENCE_SECONDS)
    assert line.startswith(b"edgel3-deploy firmware, protocol 4")
    assert board.name.encode() in line


@pytest.mark.parametrize("board", ["mps2-an500"], indirect=True)
def test_without_a_rom_bootloader_the_request_is_refused(client: Client) -> None:
    with pytest.raises(LinkError):
        client.enter_bootloader()
    client.hello()


@pytest.mark.parametrize("board", ["stm32f7", "stm32h7"], indirect=True)
@pytest.mark.parametrize("after_fault", [False, True])
def test_a_bare_image_jumps_into_a_rom_bootloader_on_its_port_and_back(
    board: Board, after_fault: bool, arm_gcc: Path, tmp_path: Path
) -> None:
    """The firmware starts from what the bootloader's Go command leaves behind: clocks, UART with parity."""
    assert board.bootloader is not None
    board = replace(board, bootloader=replace(board.bootloader, over_vcp=True, deaf=""))
    image = build_image(arm_gcc, board, tmp_path)
    with start(board, image=image) as running:
        to_the_rom_bootloader_and_back(running, board, after_fault)


def to_the_rom_bootloader_and_back(running: VirtualBoard, board: Board, after_fault: bool) -> None:
    with open_port(running.port, board.uart.baudrate) as port:
        client = Client(port, timeout=ANSWER_SECONDS)
        client.hello()
        if after_fault:
            client.load_input(with_command(BAD_ADDRESS))
            with pytest.raises(LinkError):
                client.run()
        client.enter_bootloader()
    assert board.bootloader is not None
    with open_port(running.port, board.bootloader.baudrate, "E") as port:
        bootloader = Bootloader(port)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not bootloader.answers() and time.monotonic() < deadline:
            pass
        assert bootloader.device_id() == board.bootloader.device_id
        bootloader.go(board.flash.origin)
    with open_port(running.port, board.uart.baudrate) as port:
        client = Client(port, timeout=ANSWER_SECONDS)
        client.hello()
        assert client.identify().cpu_hz == board.clock.cpu_hz


@pytest.mark.parametrize("board", ["stm32f7", "stm32h7"], indirect=True)
def test_without_its_clock_input_the_board_still_answers(
    board: Board, image_for: Callable[[str], Path]
) -> None:
    """The image expects another kind of clock input than the board has: it never becomes ready."""
    other = replace(board.clock, hse_bypass=not board.clock.hse_bypass)
    with (
        start(replace(board, clock=other), image=image_for(board.name)) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        client = Client(port, timeout=ANSWER_SECONDS)
        client.hello()
        assert client.identify().cpu_hz == {"stm32f7": 16_000_000, "stm32h7": 64_000_000}[board.name]
