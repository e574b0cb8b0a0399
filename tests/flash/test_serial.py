"""An update over the serial port: a board with a loader that behaves, and everything that may go wrong."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import FlashError, LinkError
from edgel3_deploy.flash import confirm as confirm_module
from edgel3_deploy.flash import serial as serial_module
from edgel3_deploy.flash.application import Application
from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.confirm import Expected, confirm
from edgel3_deploy.flash.serial import NeedsProbeError, flash
from edgel3_deploy.link import client as client_module
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.protocol import Role, SlotState, StayReason
from edgel3_deploy.progress import silent
from tests.flash.applications import applications
from tests.link.fake_board import FAULT_REGISTERS, FakeBoard
from tests.link.fake_loader import HEADER_SIZE, FakeLoaderBoard
from tests.link.pty_device import Chatters

BOARD = load_board("nucleo-f767zi")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_ERASE_SECONDS", 1.0)
    monkeypatch.setattr(client_module, "_CRC_SECONDS", 1.0)
    monkeypatch.setattr(confirm_module, "_LOADER_PATIENCE", 0.3)


@pytest.fixture
def one(tmp_path: Path) -> tuple[Application, ...]:
    return applications(tmp_path, BOARD)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Application, ...]:
    return applications(tmp_path, BOARD, slots=2)


def old(tmp_path: Path, **options: Any) -> tuple[Application, ...]:
    folder = tmp_path / "old"
    folder.mkdir(exist_ok=True)
    return applications(folder, BOARD, seed="an older build", **options)


def update(images: tuple[Application, ...], board: FakeLoaderBoard, **options: Any) -> FlashResult:
    """Flash and confirm, as the command does."""
    result = flash(images, BOARD, board.path, options.pop("progress", silent), **options)
    announced = [image.announcement for image in images]
    expected = Expected(announced[0].build_id, tuple(item.crc for item in announced))
    return confirm(result, expected, BOARD, board.path, silent)


def test_a_loader_that_computed_another_crc_is_not_believed(
    one: tuple[Application, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = Client.verify
    monkeypatch.setattr(Client, "verify", lambda client: genuine(client) ^ 1)
    with FakeLoaderBoard(BOARD) as board, pytest.raises(FlashError, match=r"loader reports CRC 0x\w+, the"):
        update(one, board)
    assert board.role is Role.LOADER, "it was not told to start the image"


def test_a_waiting_loader_gets_the_image_and_the_board_confirms_it(one: tuple[Application, ...]) -> None:
    stages: list[str] = []

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        if stage not in stages:
            stages.append(stage)

    with FakeLoaderBoard(BOARD) as board:
        result = update(one, board, progress=progress)
    announced = one[0].announcement
    assert (result.tool, result.bytes_written, result.slot) == ("loader", announced.size, 0)
    assert (result.crc, result.build_id) == (announced.crc, announced.build_id.hex())
    assert result.confirmed_by_board
    assert result.sectors == (3, 4), "the sectors of loader and settings are not among them"
    assert board.slots[0].flash[HEADER_SIZE : HEADER_SIZE + announced.size] == one[0].image
    assert stages == [
        f"flashing through the loader on {board.path}",
        "erasing",
        "writing",
        "verifying",
        "starting the application",
    ]


def test_a_running_application_is_asked_to_make_room(one: tuple[Application, ...], tmp_path: Path) -> None:
    former = old(tmp_path)[0]
    with FakeLoaderBoard(BOARD) as board:
        board.install(0, former.announcement, former.image)
        assert board.role is Role.APPLICATION
        assert update(one, board).confirmed_by_board
        assert "enter_bootloader" in board.requests


def test_of_two_slots_the_one_that_would_not_start_is_written(
    two: tuple[Application, ...], tmp_path: Path
) -> None:
    former = old(tmp_path, slots=2)
    with FakeLoaderBoard(BOARD, slots=2) as board:
        board.install(0, former[0].announcement, former[0].image)
        assert update(two, board).slot == 1
        assert board.slots[0].whole, "the former image is kept"
        assert update(two, board).slot == 0


def test_a_damaged_slot_is_written_rather_than_a_whole_one(
    two: tuple[Application, ...], tmp_path: Path
) -> None:
    former = old(tmp_path, slots=2)
    with FakeLoaderBoard(BOARD, slots=2) as board:
        for number, image in enumerate(former):
            board.install(number, image.announcement, image.image)
        board.slots[1].flash[HEADER_SIZE + 100] ^= 1
        board.restart()
        assert update(two, board).slot == 1


def test_an_image_still_on_trial_gives_its_slot_rather_than_a_confirmed_one(
    two: tuple[Application, ...], tmp_path: Path
) -> None:
    former = old(tmp_path, slots=2)
    with FakeLoaderBoard(BOARD, slots=2, stays_on_trial=True) as board:
        for number, image in enumerate(former):
            board.install(number, image.announcement, image.image)
        board.slots[1].state = SlotState.TRIAL
        assert update(two, board).slot == 1
        assert board.slots[0].whole


def test_an_image_that_failed_to_start_gives_its_slot(two: tuple[Application, ...], tmp_path: Path) -> None:
    former = old(tmp_path, slots=2)
    with FakeLoaderBoard(BOARD, slots=2) as board:
        for number, image in enumerate(former):
            board.install(number, image.announcement, image.image)
        board.slots[1].state = SlotState.FAILED
        board.restart()
        assert update(two, board).slot == 1


@pytest.mark.parametrize("kind", ["lose", "damage", "mishear"])
@pytest.mark.parametrize("numbers", [{2}, {4, 6}, {9}, {20, 60}])
def test_lost_and_damaged_frames_do_no_harm(
    one: tuple[Application, ...], kind: str, numbers: set[int]
) -> None:
    faults: dict[str, Any] = {kind: frozenset(numbers)}
    with FakeLoaderBoard(BOARD, **faults) as board:
        assert update(one, board).confirmed_by_board


@pytest.mark.parametrize("cut", [0, 2, 3, 50, 139])
def test_power_that_fails_anywhere_is_recovered_by_the_same_command(
    one: tuple[Application, ...], tmp_path: Path, cut: int
) -> None:
    former = old(tmp_path)[0]
    with FakeLoaderBoard(BOARD, cut_at=cut) as board:
        board.install(0, former.announcement, former.image)
        with pytest.raises(FlashError, match="restarted in the middle") as caught:
            flash(one, BOARD, board.path, silent)
        assert "the loader waits for it" in caught.value.hint
        assert board.role is Role.LOADER, "what is half written is not started"
        assert update(one, board).confirmed_by_board


def test_another_board_is_refused_before_anything_is_erased(one: tuple[Application, ...]) -> None:
    with (
        FakeLoaderBoard(BOARD, identity={"board": "stm32h7"}) as board,
        pytest.raises(FlashError, match="is stm32h7, not nucleo-f767zi; nothing was erased"),
    ):
        flash(one, BOARD, board.path, silent)
    assert board.operations == 0


def test_a_lower_version_needs_force(one: tuple[Application, ...], tmp_path: Path) -> None:
    newer = old(tmp_path, version=7)[0]
    with FakeLoaderBoard(BOARD) as board:
        board.install(0, newer.announcement, newer.image)
        with pytest.raises(FlashError, match="image version 7 is installed, which is newer") as caught:
            flash(one, BOARD, board.path, silent)
        assert "flash --force" in caught.value.hint
        assert board.operations == 0
        assert update(one, board, force=True).confirmed_by_board


def test_a_build_for_other_slots_is_refused(two: tuple[Application, ...]) -> None:
    with (
        FakeLoaderBoard(BOARD) as board,
        pytest.raises(FlashError, match="divides the flash into 1 slot, the build has 2 slots"),
    ):
        flash(two, BOARD, board.path, silent)
    assert board.operations == 0


def test_a_build_for_fewer_slots_is_refused(one: tuple[Application, ...]) -> None:
    with (
        FakeLoaderBoard(BOARD, slots=2) as board,
        pytest.raises(FlashError, match="divides the flash into 2 slots, the build has 1 slot"),
    ):
        flash(one, BOARD, board.path, silent)
    assert board.operations == 0


def test_a_build_for_another_division_of_the_flash_is_refused(one: tuple[Application, ...]) -> None:
    former = dataclasses.replace(
        one[0], announcement=dataclasses.replace(one[0].announcement, origin=0x0800_8000)
    )
    with (
        FakeLoaderBoard(BOARD) as board,
        pytest.raises(NeedsProbeError, match="starts at 0x08018000") as caught,
    ):
        flash((former,), BOARD, board.path, silent)
    assert "--via openocd" in caught.value.hint
    assert board.operations == 0


def test_flash_that_keeps_no_data_is_told(one: tuple[Application, ...]) -> None:
    weak = frozenset({one[0].announcement.origin + HEADER_SIZE + 9})
    with (
        FakeLoaderBoard(BOARD, weak=weak) as board,
        pytest.raises(FlashError, match="BAD_IMAGE") as caught,
    ):
        flash(one, BOARD, board.path, silent)
    assert "worn" in caught.value.hint


def test_an_image_that_never_comes_up_is_told_with_its_fault(one: tuple[Application, ...]) -> None:
    with (
        FakeLoaderBoard(BOARD, fails_to_start=True) as board,
        pytest.raises(FlashError, match=r"never came up \(FAILED_START\); fault on record: PRECISERR"),
    ):
        update(one, board)


def test_what_happened_before_is_told_with_the_result(one: tuple[Application, ...]) -> None:
    with FakeLoaderBoard(BOARD, stays=StayReason.FAILED_START, has_fault=True) as board:
        (note,) = update(one, board).notes
    assert "FAILED_START" in note and "PRECISERR" in note


def test_a_board_that_goes_back_to_the_former_image_is_noticed(
    two: tuple[Application, ...], tmp_path: Path
) -> None:
    former = old(tmp_path, slots=2)
    with FakeLoaderBoard(BOARD, slots=2, fails_to_start=True) as board:
        board.install(0, former[0].announcement, former[0].image)
        board.stays = StayReason.REQUESTED
        board.restart()
        flash(two, BOARD, board.path, silent)
        board.stays = StayReason.NONE
        board.restart()
        expected = Expected(two[1].announcement.build_id, tuple(image.announcement.crc for image in two))
        with pytest.raises(FlashError, match="so it went back"):
            confirm(FlashResult("loader", 0, (), True), expected, BOARD, board.path, silent)


def test_a_new_image_is_watched_until_it_reports_a_healthy_start(two: tuple[Application, ...]) -> None:
    with FakeLoaderBoard(BOARD, slots=2) as board:
        assert update(two, board).notes == ()
        assert board.slots[0].state is SlotState.CONFIRMED


def test_an_image_that_stays_on_trial_is_said(
    two: tuple[Application, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm_module, "_TRIAL_SECONDS", 0.3)
    with FakeLoaderBoard(BOARD, slots=2, stays_on_trial=True) as board:
        (note,) = update(two, board).notes
    assert "still on trial" in note


def test_another_crc_than_the_builds_is_noticed(one: tuple[Application, ...]) -> None:
    with FakeLoaderBoard(BOARD) as board:
        result = flash(one, BOARD, board.path, silent)
        other = Expected(one[0].announcement.build_id, (one[0].announcement.crc ^ 1,))
        with pytest.raises(FlashError, match="computes CRC 0x"):
            confirm(result, other, BOARD, board.path, silent)


def test_firmware_without_a_loader_says_what_to_do_once(one: tuple[Application, ...]) -> None:
    class Bare(FakeBoard):
        def _read_image(self, values: Any) -> Any:
            zero = dict.fromkeys(
                ("state", "slots", "origin", "capacity", "size", "crc", "header_crc", "version", "sequence"),
                0,
            )
            return {"slot": 0, **zero, "build_id": bytes(32)}

    with (
        Bare(identity={"board": BOARD.name}) as board,
        pytest.raises(FlashError, match="has no loader") as caught,
    ):
        flash(one, BOARD, board.path, silent)
    assert "--via openocd" in caught.value.hint and "NODE_F767ZI" in caught.value.hint


def test_a_board_unplugged_in_the_middle_says_how_to_go_on(one: tuple[Application, ...]) -> None:
    with (
        FakeLoaderBoard(BOARD, unplug_at=30) as board,
        pytest.raises(FlashError, match=r"unplugged .*while writing") as caught,
    ):
        flash(one, BOARD, board.path, silent)
    assert "run the same command again" in caught.value.hint


def test_an_application_that_has_crashed_still_makes_room(
    one: tuple[Application, ...], tmp_path: Path
) -> None:
    class Crashed(FakeLoaderBoard):
        def _answer(self, name: str, frame: Any) -> bytes:
            if self.role is Role.APPLICATION and self.stays is not StayReason.REQUESTED:
                if name != "enter_bootloader":
                    return self._frame("fault", 0, FAULT_REGISTERS)
                self._greeted = True
            return super()._answer(name, frame)

    former = old(tmp_path)[0]
    with Crashed(BOARD) as board:
        board.install(0, former.announcement, former.image)
        assert flash(one, BOARD, board.path, silent).verified


def test_a_device_that_talks_all_the_time_is_no_loader(one: tuple[Application, ...]) -> None:
    with (
        Chatters(b"level=041 temp=21.5\r\n", 0.03) as device,
        pytest.raises(LinkError, match=r"not EdgeL3 firmware: it sends '.*temp"),
    ):
        flash(one, BOARD, device.path, silent)


def test_a_damaged_application_file_is_refused(tmp_path: Path) -> None:
    from edgel3_deploy.errors import BadInputError
    from edgel3_deploy.flash.application import read_application

    applications(tmp_path, BOARD)
    path = tmp_path / "application.bin"
    content = bytearray(path.read_bytes())
    content[2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="not the one that its header announces"):
        read_application(path, BOARD)
    path.write_bytes(b"x" * 2000)
    with pytest.raises(BadInputError, match="there is no image header"):
        read_application(path, BOARD)
    applications(tmp_path, BOARD)
    with pytest.raises(BadInputError, match="built for nucleo-f767zi, not for other"):
        read_application(path, dataclasses.replace(BOARD, name="other"))


def test_the_application_that_stays_is_named(
    one: tuple[Application, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stays(FakeLoaderBoard):
        def _leave(self, name: str) -> None:
            pass

    monkeypatch.setattr(serial_module, "_LOADER_SECONDS", 0.3)
    former = old(tmp_path)[0]
    with Stays(BOARD) as board:
        board.install(0, former.announcement, former.image)
        with pytest.raises(FlashError, match="asked to start the loader, and still runs"):
            flash(one, BOARD, board.path, silent)
