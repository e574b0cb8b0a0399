"""Programming errors on the virtual boards: each is a fault with a name, but for what the core allows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate import start
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import CrashedError
from edgel3_deploy.link.port import open_port
from tests.firmware import test_on_boards as commands
from tests.firmware.loader_session import ANSWER_SECONDS
from tests.firmware.test_on_boards import OUTPUT, with_command

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

FAULTS = {
    "null_read": (commands.NULL_READ, "DACCVIOL"),
    "null_write": (commands.NULL_WRITE, "DACCVIOL"),
    "null_call": (112, "IACCVIOL"),
    "closed_memory": (commands.BAD_ADDRESS, "0xa0000000"),
    "read_nowhere": (110, "PRECISERR.*0x20400000"),
    "write_nowhere": (111, "IMPRECISERR"),
    "jump_without_thumb": (113, "INVSTATE"),
    "execute_peripheral": (114, "IACCVIOL"),
    "undefined_instruction": (115, "UNDEFINSTR"),
    "breakpoint": (116, "DEBUGEVT"),
    "supervisor_call": (117, "cause not recorded"),
    "unaligned_double": (118, "UNALIGNED"),
    "unaligned_multiple": (119, "UNALIGNED"),
    "division_by_zero": (commands.DIVIDE_BY_ZERO, "DIVBYZERO"),
    "stack_overflow": (commands.STACK_OVERFLOW, "stack overflow"),
    "creeping_stack": (commands.CREEPING_STACK, "DACCVIOL"),
}
ALLOWED = {"unaligned_word": 120, "unaligned_half": 121}
"""Single loads and stores of normal memory may be unaligned (Arm ARMv7-M, section A3.2.1)."""


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_no_fault_is_silent(image_for: Callable[[str], Path], name: str) -> None:
    board = load_board(name)
    with (
        start(board, image=image_for(name)) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        for fault, (command, cause) in FAULTS.items():
            client = Client(port, timeout=ANSWER_SECONDS)
            client.hello()
            client.load_input(with_command(command))
            with pytest.raises(CrashedError, match=cause):
                client.run()
                pytest.fail(f"{fault} went unnoticed")
            client.reset()


@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_what_the_core_allows_does_no_harm(image_for: Callable[[str], Path], name: str) -> None:
    board = load_board(name)
    with (
        start(board, image=image_for(name)) as virtual,
        open_port(virtual.port, board.uart.baudrate) as port,
    ):
        client = Client(port, timeout=ANSWER_SECONDS)
        client.hello()
        for command in ALLOWED.values():
            client.load_input(with_command(command))
            client.run()
            assert client.read_output(700)[1:] == OUTPUT[1:]
