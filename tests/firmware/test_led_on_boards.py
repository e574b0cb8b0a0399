"""What the light and the reset button do on the virtual boards."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.port import open_port
from edgel3_deploy.link.protocol import ResetCause, Role
from tests.firmware.images import Flashable
from tests.firmware.loader_session import ask, session
from tests.firmware.test_on_boards import BAD_ADDRESS, INPUT, with_command

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

BLINKS = 3
PATIENCE_SECONDS = 120.0


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_the_light_tells_loader_inference_and_fault_apart(
    flashable_for: Callable[[str, int], Flashable], name: str
) -> None:
    board = load_board(name)
    assert board.led is not None
    pin = board.led.pin
    with (
        start(board, image=flashable_for(name, 1).whole) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        application = session(port, Role.APPLICATION)
        assert not virtual.pin(pin).high
        before = virtual.pin(pin).changes
        application.load_input(INPUT)
        application.run()
        assert (virtual.pin(pin).high, virtual.pin(pin).changes) == (False, before + 2)

        application.enter_bootloader()
        loader = session(port, Role.LOADER)
        assert virtual.pin(pin).high
        loader.reset()

        application = session(port, Role.APPLICATION)
        assert not virtual.pin(pin).high
        application.load_input(with_command(BAD_ADDRESS))
        before = virtual.pin(pin).changes
        with pytest.raises(LinkError):
            application.run()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while virtual.pin(pin).changes < before + 2 * BLINKS:
            assert time.monotonic() < deadline


def test_the_reset_button_starts_the_application_again(
    flashable_for: Callable[[str, int], Flashable],
) -> None:
    board = load_board("stm32f7")
    with (
        start(board, image=flashable_for(board.name, 1).whole) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        session(port, Role.APPLICATION)
        virtual.press_reset()
        assert ask(session(port, Role.APPLICATION), "read_reset")["cause"] == ResetCause.PIN
