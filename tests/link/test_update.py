"""The requests of an update, against a board with a resident loader."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.answers import Announcement
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError
from edgel3_deploy.link.protocol import ErrorCode, ResetCause, Role, SlotState, StayReason
from tests.link.fake_loader import HEADER_SIZE, FakeLoaderBoard, Values
from tests.link.sessions import patient_port

BOARD = load_board("nucleo-f767zi")
SLOT = 0x08018000
DATA = bytes(range(256)) * 4
IMAGE = Announcement(SLOT, len(DATA), zlib.crc32(DATA), 3, bytes(range(32)), BOARD.name)


@contextmanager
def session(**options: Any) -> Iterator[tuple[Client, FakeLoaderBoard]]:
    installed = options.pop("installed", None)
    board = FakeLoaderBoard(BOARD, **options)
    if installed is not None:
        board.install(0, installed, DATA)
    with board, patient_port(board) as port:
        yield Client(port, timeout=0.2, retries=2), board


def send(client: Client, image: Announcement = IMAGE, **options: Any) -> int:
    for sector in range(client.begin_update(0, image, **options)):
        client.erase(sector)
    for at in range(0, len(DATA), 512):
        client.write(HEADER_SIZE + at, DATA[at : at + 512])
    return client.verify()


@pytest.mark.parametrize("miscounted", [-32, 32])
def test_a_loader_that_wrote_another_number_of_bytes_is_malformed(
    miscounted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = FakeLoaderBoard._write

    def write(self: FakeLoaderBoard, values: Values) -> Values | ErrorCode | tuple[ErrorCode, int]:
        answer = genuine(self, values)
        assert isinstance(answer, dict)
        return {"next": answer["next"] + miscounted}

    monkeypatch.setattr(FakeLoaderBoard, "_write", write)
    with session() as (client, _):
        client.hello()
        with pytest.raises(LinkError, match=r"next offset \d+ where 1536 was written"):
            send(client)


def test_a_whole_update_ends_in_the_application() -> None:
    with session() as (client, board):
        assert client.hello() is Role.LOADER
        assert client.identify().runtime == "loader"
        assert client.read_reset().stay_reason is StayReason.NO_IMAGE
        assert send(client) == IMAGE.crc
        client.boot()
        assert client.hello() is Role.APPLICATION
        found = client.read_image()
        assert (found.slot, found.slots, found.crc, found.build_id) == (0, 1, IMAGE.crc, IMAGE.build_id)
        assert found.whole
        assert found.state is SlotState.TRIAL
        assert board.slots[0].erased == [0]


@pytest.mark.parametrize("trouble", ["lose", "damage", "mishear"])
@pytest.mark.parametrize("number", range(6))
def test_a_lost_or_damaged_frame_of_an_update_is_repeated(trouble: str, number: int) -> None:
    with session(**{trouble: frozenset({number})}) as (client, _):
        client.hello()
        assert send(client) == IMAGE.crc


@pytest.mark.parametrize("leave", ["boot", "enter_bootloader", "reset"])
def test_a_lost_farewell_is_no_failure(leave: str) -> None:
    with session(installed=IMAGE, stays=StayReason.REQUESTED, lose=frozenset({1})) as (client, board):
        client.hello()
        getattr(client, leave)()
        assert board.requests == ["hello", leave, leave]


def test_another_boards_image_is_refused_before_anything_is_erased() -> None:
    with session() as (client, board):
        client.hello()
        with pytest.raises(RefusedError, match="WRONG_BOARD") as caught:
            client.begin_update(0, dataclasses.replace(IMAGE, board="stm32h7"))
        assert caught.value.code == ErrorCode.WRONG_BOARD
        assert board.operations == 0


def test_an_older_version_is_refused_unless_forced() -> None:
    newer = dataclasses.replace(IMAGE, version=9)
    with session(installed=newer, stays=StayReason.REQUESTED) as (client, _):
        client.hello()
        with pytest.raises(RefusedError, match=r"image version 9 is installed.*VERSION_BELOW") as caught:
            client.begin_update(0, IMAGE)
        assert "--force" in caught.value.hint
        assert send(client, force=True) == IMAGE.crc


def test_an_image_for_another_address_is_out_of_range() -> None:
    with session() as (client, _):
        client.hello()
        with pytest.raises(RefusedError, match=r"OUT_OF_RANGE") as caught:
            client.begin_update(0, dataclasses.replace(IMAGE, origin=0x08000000))
        assert "--slots" in caught.value.hint


def test_writing_over_old_contents_names_the_address() -> None:
    with session() as (client, _):
        client.hello()
        client.begin_update(0, IMAGE)
        with pytest.raises(RefusedError, match=r"0x08018400 is not erased \(NOT_ERASED\)"):
            client.write(HEADER_SIZE, DATA[:512])


def test_flash_that_does_not_keep_the_image_shows_the_crc_found() -> None:
    with session(weak=frozenset({SLOT + HEADER_SIZE + 5})) as (client, _):
        client.hello()
        with pytest.raises(RefusedError, match=r"the CRC is 0x[0-9a-f]{8} \(BAD_IMAGE\)"):
            send(client)


def test_a_restart_in_the_middle_is_named() -> None:
    with session() as (client, board):
        client.hello()
        client.begin_update(0, IMAGE)
        board.restart()
        client.hello()
        with pytest.raises(RefusedError, match="restarted in the middle of the update"):
            client.erase(0)


def test_the_fault_on_record_is_told_in_words() -> None:
    with session(installed=IMAGE, has_fault=True) as (client, _):
        client.hello()
        record = client.read_reset()
        assert record.cause is ResetCause.SOFTWARE
        assert record.fault is not None and "PRECISERR" in record.fault


def test_no_fault_on_record_is_none() -> None:
    with session(installed=IMAGE) as (client, _):
        client.hello()
        assert client.read_reset().fault is None


def test_the_application_knows_no_update() -> None:
    with session(installed=IMAGE) as (client, _):
        client.hello()
        with pytest.raises(LinkError, match="does not know this request"):
            client.begin_update(0, IMAGE)
