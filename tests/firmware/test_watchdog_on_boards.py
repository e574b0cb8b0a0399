"""What the watchdog ends on the virtual boards: a fault, and a start that never reaches the main loop."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.protocol import ResetCause, Role, SlotState
from tests.firmware.images import Flashable
from tests.firmware.loader_session import ask, powered, session, write_update
from tests.firmware.test_on_boards import DIVIDE_BY_ZERO, INPUT, with_command

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

ENDLESS_LOOP = b"\xfe\xe7"
SERVING_SECONDS = 2.0
"""After that long the application has noted that its start went well."""


def test_after_a_fault_the_watchdog_restarts_the_application(
    flashable_for: Callable[[str, int], Flashable],
) -> None:
    board = load_board("stm32f7")
    with powered(board, image=flashable_for(board.name, 1).whole) as port:
        application = session(port, Role.APPLICATION)
        time.sleep(SERVING_SECONDS)
        application.load_input(with_command(DIVIDE_BY_ZERO))
        with pytest.raises(LinkError, match="DIVBYZERO"):
            application.run()
        application = session(port, Role.APPLICATION)
        reset = ask(application, "read_reset")
        assert reset["cause"] == ResetCause.WATCHDOG
        assert (reset["restarts"], reset["has_fault"]) == (1, 1)
        application.load_input(INPUT)
        application.run()


def test_an_image_that_hangs_is_rolled_back(flashable_for: Callable[[str, int], Flashable]) -> None:
    board = load_board("stm32h7")
    flashable = flashable_for(board.name, 2)
    place = flashable.layout.slots[1].origin + 0x400
    vectors = (0x2000_2000).to_bytes(4, "little") + (place + 64 + 1).to_bytes(4, "little")
    hangs = vectors.ljust(64, b"\0") + ENDLESS_LOOP
    with powered(board, image=flashable.whole) as port:
        session(port, Role.APPLICATION).enter_bootloader()
        write_update(session(port, Role.LOADER), board, flashable, hangs, 1)
        application = session(port, Role.APPLICATION)
        assert ask(application, "read_reset")["cause"] == ResetCause.WATCHDOG
        assert ask(application, "read_image", slot=0)["state"] == SlotState.CONFIRMED
        assert ask(application, "read_image", slot=1)["state"] == SlotState.FAILED
