"""Loader and application on silicon that is not as hoped for: they run, at the clock that they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate.options import Quirks
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.protocol import Role, SlotState
from tests.firmware.images import Flashable
from tests.firmware.loader_session import ask, powered, session, update
from tests.firmware.test_on_boards import INPUT

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")


@pytest.mark.parametrize(
    ("name", "quirks", "cpu_hz"),
    [
        ("stm32h7", Quirks(revision="Y"), 64_000_000),
        ("stm32h7", Quirks(hse_fails=True), 64_000_000),
        ("stm32f7", Quirks(hse_fails=True), 16_000_000),
        ("stm32f7", Quirks(hse_sticks=True), None),
    ],
)
def test_the_board_still_takes_an_application_and_runs_it(
    flashable_for: Callable[[str, int], Flashable], name: str, quirks: Quirks, cpu_hz: int | None
) -> None:
    board, flashable = load_board(name), flashable_for(name, 1)
    expected = cpu_hz or board.clock.cpu_hz
    with powered(board, image=flashable.loader, quirks=quirks) as port:
        loader = session(port, Role.LOADER)
        assert loader.identify().cpu_hz == expected
        update(loader, board, flashable)
        application = session(port, Role.APPLICATION)
        assert application.identify().cpu_hz == expected
        application.load_input(INPUT)
        application.run()


def test_flash_in_dual_bank_mode_is_left_alone(flashable_for: Callable[[str, int], Flashable]) -> None:
    """Its sectors are others than those that the loader was built for."""
    board, flashable = load_board("stm32f7"), flashable_for("stm32f7", 1)
    with powered(board, image=flashable.loader, quirks=Quirks(dual_bank=True)) as port:
        with pytest.raises(LinkError):
            update(session(port, Role.LOADER), board, flashable)
        assert ask(session(port, Role.LOADER), "read_image", slot=0)["state"] == SlotState.EMPTY
