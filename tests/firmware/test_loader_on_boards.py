"""The loader on the virtual boards: first images, updates, starts, what stays in its way."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.protocol import RUNNING_SLOT, ResetCause, Role, SlotState, StayReason
from tests.firmware.images import BUILD_ID, Flashable
from tests.firmware.loader_session import PATIENCE_SECONDS, ask, powered, session, update
from tests.firmware.test_on_boards import BAD_ADDRESS, INPUT, with_command

pytestmark = pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])


@pytest.fixture
def board(name: str) -> Board:
    pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")
    return load_board(name)


@pytest.fixture(params=[1, 2])
def flashable(
    request: pytest.FixtureRequest, name: str, flashable_for: Callable[[str, int], Flashable]
) -> Flashable:
    return flashable_for(name, request.param)


@pytest.fixture
def single(name: str, flashable_for: Callable[[str, int], Flashable]) -> Flashable:
    return flashable_for(name, 1)


def test_a_board_with_the_loader_alone_waits_and_takes_an_application(
    board: Board, flashable: Flashable
) -> None:
    with powered(board, image=flashable.loader) as port:
        loader = session(port, Role.LOADER)
        identity = loader.identify()
        assert (identity.runtime, identity.model, identity.cpu_hz) == ("loader", "", board.clock.cpu_hz)
        reset = ask(loader, "read_reset")
        assert (reset["cause"], reset["stay_reason"]) == (ResetCause.POWER_ON, StayReason.NO_IMAGE)
        assert ask(loader, "read_image", slot=0)["state"] == SlotState.EMPTY
        update(loader, board, flashable)
        application = session(port, Role.APPLICATION)
        image = ask(application, "read_image", slot=RUNNING_SLOT)
        assert image["crc"] == image["header_crc"] == zlib.crc32(flashable.images[0])
        assert (image["slots"], image["sequence"], image["build_id"]) == (len(flashable.images), 1, BUILD_ID)
        application.load_input(INPUT)
        application.run()
        application.enter_bootloader()
        loader = session(port, Role.LOADER)
        reset = ask(loader, "read_reset")
        assert (reset["cause"], reset["stay_reason"]) == (ResetCause.SOFTWARE, StayReason.REQUESTED)
        loader.reset()
        session(port, Role.APPLICATION)


def test_what_a_probe_programs_starts_and_keeps_its_clock(board: Board, flashable: Flashable) -> None:
    with powered(board, image=flashable.whole) as port:
        application = session(port, Role.APPLICATION)
        assert application.identify().cpu_hz == board.clock.cpu_hz


def test_a_damaged_application_is_not_started(board: Board, single: Flashable, tmp_path: Path) -> None:
    damaged = bytearray(single.whole.read_bytes())
    damaged[-1] ^= 1
    image = tmp_path / "damaged.bin"
    image.write_bytes(damaged)
    with powered(board, image=image) as port:
        loader = session(port, Role.LOADER)
        assert ask(loader, "read_reset")["stay_reason"] == StayReason.DAMAGED
        port.write(b"\r")
        line = (
            f"edgel3-deploy loader, protocol 4, board {board.name}: waits for an update because "
            "the application is damaged: flash with edgel3-deploy flash\r\n"
        ).encode()
        assert port.read_exactly(len(line), PATIENCE_SECONDS) == line
        update(loader, board, single)
        session(port, Role.APPLICATION)


def test_the_second_slot_runs_what_is_linked_for_it_and_confirms_itself(
    board: Board, name: str, flashable_for: Callable[[str, int], Flashable]
) -> None:
    flashable = flashable_for(name, 2)
    with powered(board, image=flashable.whole) as port:
        session(port, Role.APPLICATION).enter_bootloader()
        update(session(port, Role.LOADER), board, flashable, slot=1)
        application = session(port, Role.APPLICATION)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while ask(application, "read_image", slot=RUNNING_SLOT)["state"] != SlotState.CONFIRMED:
            assert time.monotonic() < deadline
        assert ask(application, "read_image", slot=RUNNING_SLOT)["slot"] == 1
        application.load_input(INPUT)
        application.run()


def test_a_fault_is_on_record_after_the_restart(board: Board, single: Flashable) -> None:
    with powered(board, image=single.whole) as port:
        application = session(port, Role.APPLICATION)
        application.load_input(with_command(BAD_ADDRESS))
        with pytest.raises(LinkError, match="0xa0000000"):
            application.run()
        application.enter_bootloader()
        loader = session(port, Role.LOADER)
        reset = ask(loader, "read_reset")
        assert reset["has_fault"] == 1
        assert reset["mmfar"] == 0xA000_0000
        assert board.flash.origin < reset["pc"] < board.flash.end
