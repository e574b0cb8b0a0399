"""Sleep on the virtual boards: clocks, the serial port, the time, the watchdog."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import Quirks, start
from edgel3_deploy.link.port import Port, open_port
from tests.firmware.images import build_image

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

MAIN = Path(__file__).with_name("main.c")
PATIENCE_SECONDS = 120.0
INTERNAL = {"stm32f7": 0xAAAA, "stm32h7": 0x1B}
"""The internal oscillator as every UART's clock (RCC_DCKCFGR2, RCC_D2CCIP2R)."""


@dataclass(frozen=True)
class State:
    """The counter, whether PLL and crystal are on, the UARTs' clocks, SYST_CSR."""

    counter: int
    pll: int
    hse: int
    uart_clocks: int
    systick: int


class Sleeper:
    """The other end of main.c."""

    def __init__(self, port: Port, cpu_hz: int) -> None:
        self._port = port
        self.cpu_hz = cpu_hz
        assert port.read_exactly(1, PATIENCE_SECONDS) == b"R"

    def say(self, data: bytes) -> None:
        """Each byte comes back when it was obeyed."""
        self._port.write(data)
        assert self._port.read_exactly(len(data), PATIENCE_SECONDS) == data

    def state(self) -> State:
        self._port.write(b"?")
        return self._told()

    def states_around(self, data: bytes) -> tuple[State, State]:
        """What was before and behind the commands, which nothing else comes between."""
        self._port.write(b"?" + data + b"?")
        before = self._told()
        assert self._port.read_exactly(len(data), PATIENCE_SECONDS) == data
        return before, self._told()

    def _told(self) -> State:
        words = struct.unpack("<6I", self._port.read_exactly(24, PATIENCE_SECONDS))
        return State(words[0] | words[1] << 32, *words[2:])


@pytest.fixture(scope="module", params=["stm32f7", "stm32h7"])
def image(request: pytest.FixtureRequest, arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name: str = request.param
    return build_image(arm_gcc, load_board(name), tmp_path_factory.mktemp(name) / name, main=MAIN)


@pytest.fixture(params=["turbo", "real"])
def sleeper(request: pytest.FixtureRequest, image: Path) -> Iterator[Sleeper]:
    board = load_board(image.parent.name)
    with (
        start(board, image=image, quirks=Quirks(pace=request.param)) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        yield Sleeper(port, board.clock.cpu_hz)


def test_clocks_go_down_and_come_back_and_the_port_stays(sleeper: Sleeper, image: Path) -> None:
    awake = sleeper.state()
    assert (awake.pll, awake.hse, awake.uart_clocks) == (1, 1, 0)
    sleeper.say(b"S")
    sleeper.say(bytes(range(128, 256)))
    asleep = sleeper.state()
    assert (asleep.pll, asleep.hse) == (0, 0)
    assert asleep.uart_clocks == INTERNAL[image.parent.name]
    assert asleep.systick & 1 == 0, "SysTick stands while the CPU runs"
    sleeper.say(b"xyzE")
    sleeper.say(bytes(range(128, 256)))
    again = sleeper.state()
    assert (again.pll, again.hse, again.uart_clocks) == (1, 1, 0)


def test_the_time_passes_asleep(sleeper: Sleeper) -> None:
    sleeper.say(b"S")
    wall = time.monotonic()
    before, after = sleeper.states_around(b"WWW")
    wall = time.monotonic() - wall
    sleeper.say(b"E")
    # What the CPU executes in between takes the host's time.
    assert 2.99 <= (after.counter - before.counter) / sleeper.cpu_hz <= 3.01 + wall
    assert sleeper.state().counter > after.counter


def test_the_watchdog_runs_on_asleep(sleeper: Sleeper) -> None:
    sleeper.say(b"SD")
    sleeper._port.write(b"W")
    assert sleeper._port.read_exactly(1, PATIENCE_SECONDS) == b"R"
    assert sleeper.state().pll == 1
