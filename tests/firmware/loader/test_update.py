"""Updates through the protocol: what is refused, that nothing else changes, and that torn ones do no harm."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, LENGTH, ImageHeader
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.framing import Frame
from edgel3_deploy.link.protocol import FORCE_VERSION, PROTOCOL_VERSION, ErrorCode, ResetCause, SlotState
from tests.firmware.loader.conftest import BOOT, FAULTED, ORIGIN, SECTOR, SETTINGS, Board, Refused

OLD = random.Random(1).randbytes(6000)
NEW = random.Random(2).randbytes(7501)


@pytest.fixture
def board(one: Board) -> Board:
    """A blank board of one slot whose loader waits."""
    assert one.reset() is None
    return one


def refusal(of: Board, request: str, /, **values: Value) -> tuple[ErrorCode, int]:
    """Code and detail with which a request is refused."""
    with pytest.raises(Refused) as caught:
        of.request(request, **values)
    return ErrorCode(caught.value.code), caught.value.detail


def state(board: Board, slot: int = 0) -> SlotState:
    return SlotState(int(str(board.request("read_image", slot=slot)["state"])))


def test_an_update_is_committed_and_starts(board: Board) -> None:
    board.update(NEW, version=7, build_id=bytes(range(32)))
    origin = board.slots[0][0]
    header = ImageHeader.parse(board.read(origin, LENGTH))
    assert (header.origin, header.size, header.version, header.sequence) == (origin, len(NEW), 7, 1)
    assert (header.board, header.build_id) == ("host", bytes(range(32)))
    assert board.read(origin + IMAGE_HEADER_SIZE, len(NEW)) == NEW
    assert board.request("boot") == {}
    assert board.action == BOOT
    assert board.reset() == 0


def test_every_step_may_be_repeated(board: Board) -> None:
    for _ in range(2):
        board.begin(NEW)
    for sector in (0, 0, 1, 1, 0):
        board.request("erase", sector=sector)
    for _ in range(2):
        board.write(NEW)
    for _ in range(2):
        board.request("verify")
    assert board.reset() == 0


@pytest.mark.parametrize("name", ["erase", "write", "verify"])
def test_nothing_works_before_an_update_is_announced(board: Board, name: str) -> None:
    values: dict[str, dict[str, Value]] = {
        "erase": {"sector": 0},
        "write": {"offset": 1024, "data": bytes(32)},
        "verify": {},
    }
    assert refusal(board, name, **values[name]) == (ErrorCode.NO_UPDATE, 0)


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"board": "another"}, ErrorCode.WRONG_BOARD, 0),
        ({"board": "hos"}, ErrorCode.WRONG_BOARD, 0),
        ({"board": "host" + "\0" * 60}, ErrorCode.WRONG_BOARD, 0),
        ({"slot": 1}, ErrorCode.OUT_OF_RANGE, 1),
        ({"origin": ORIGIN}, ErrorCode.OUT_OF_RANGE, ORIGIN),
        ({"size": 0}, ErrorCode.OUT_OF_RANGE, 0),
        ({"size": 8 * SECTOR - 1023}, ErrorCode.OUT_OF_RANGE, 8 * SECTOR - 1023),
        ({"size": 0xFFFF_FFFF}, ErrorCode.OUT_OF_RANGE, 0xFFFF_FFFF),
        ({"flags": 2}, ErrorCode.OUT_OF_RANGE, 2),
        ({"version": 4}, ErrorCode.VERSION_BELOW, 5),
    ],
)
def test_what_can_be_refused_is_refused_before_anything_is_erased(
    board: Board, changes: dict[str, Value], code: ErrorCode, detail: int
) -> None:
    board.update(OLD, version=5)
    before = bytes(board.flash)
    values: dict[str, Value] = {"version": 5, "slot": 0, "flags": 0, "origin": board.slots[0][0]}
    values |= {"size": 100, "crc": 0, "board": "host", "build_id": bytes(32)}
    assert refusal(board, "begin_update", **{**values, **changes}) == (code, detail)
    assert refusal(board, "erase", sector=0) == (ErrorCode.NO_UPDATE, 0)
    assert bytes(board.flash) == before


def test_a_lower_version_is_taken_when_forced(board: Board) -> None:
    board.update(OLD, version=5)
    board.update(NEW, version=4, flags=FORCE_VERSION)
    assert board.request("read_image", slot=0)["version"] == 4


def test_only_the_image_s_sectors_are_erased_in_ascending_order(board: Board) -> None:
    assert board.begin(NEW) == 3
    assert refusal(board, "erase", sector=1) == (ErrorCode.OUT_OF_RANGE, 1)
    for sector in range(3):
        board.request("erase", sector=sector)
    assert refusal(board, "erase", sector=3) == (ErrorCode.OUT_OF_RANGE, 3)


@pytest.mark.parametrize("offset", [0, IMAGE_HEADER_SIZE - 32, IMAGE_HEADER_SIZE + 16, 9000, 0xFFFF_FFE0])
def test_bytes_outside_the_announced_image_are_refused(board: Board, offset: int) -> None:
    board.begin(NEW)
    assert refusal(board, "write", offset=offset, data=bytes(32)) == (ErrorCode.OUT_OF_RANGE, offset)


@pytest.mark.parametrize("size", [1, 31, 33])
def test_parts_of_a_flash_word_are_refused(board: Board, size: int) -> None:
    board.begin(NEW)
    answer = refusal(board, "write", offset=IMAGE_HEADER_SIZE, data=bytes(size))
    assert answer == (ErrorCode.OUT_OF_RANGE, size)


def test_what_was_not_erased_is_not_overwritten(board: Board) -> None:
    board.update(OLD)
    board.begin(NEW)
    address = board.slots[0][0] + IMAGE_HEADER_SIZE
    answer = refusal(board, "write", offset=IMAGE_HEADER_SIZE, data=NEW[:64])
    assert answer == (ErrorCode.NOT_ERASED, address)
    assert board.read(address, 64) == OLD[:64]


def test_an_image_with_another_crc_is_not_committed(board: Board) -> None:
    board.begin(NEW, crc=1)
    for sector in range(3):
        board.request("erase", sector=sector)
    board.write(NEW)
    assert refusal(board, "verify")[0] is ErrorCode.BAD_IMAGE
    assert state(board) is SlotState.EMPTY
    assert refusal(board, "boot")[0] is ErrorCode.BAD_IMAGE
    assert board.reset() is None


def test_the_slot_that_starts_next_is_kept_while_there_is_another(two: Board) -> None:
    assert two.reset() is None
    two.update(OLD, 0)
    with pytest.raises(Refused) as caught:
        two.begin(NEW, 0)
    assert (caught.value.code, caught.value.detail) == (ErrorCode.OUT_OF_RANGE, 0)
    two.update(NEW, 1)
    assert two.request("read_image", slot=1)["sequence"] == 2
    assert two.reset() == 1
    two.to_loader()
    two.update(OLD, 0)
    assert two.reset() == 0


def test_an_image_that_has_confirmed_itself_outlives_newer_ones_on_trial(two: Board) -> None:
    two.reset()
    two.update(OLD, 0)
    two.library.slots_confirm(0)
    two.update(NEW, 1)
    assert two.reset() == 1
    two.to_loader()
    assert state(two, 1) is SlotState.TRIAL
    assert refusal_of(two, 0) == (ErrorCode.OUT_OF_RANGE, 0)
    two.update(NEW[::-1], 1)
    two.library.slots_confirm(1)
    assert refusal_of(two, 1) == (ErrorCode.OUT_OF_RANGE, 1)
    two.update(OLD, 0)


def refusal_of(board: Board, slot: int) -> tuple[int, int]:
    """Why no update of `slot` may begin."""
    with pytest.raises(Refused) as caught:
        board.begin(NEW, slot)
    return caught.value.code, caught.value.detail


def test_a_terminal_is_told_why_the_loader_waits(board: Board) -> None:
    told = f"loader, protocol {PROTOCOL_VERSION}, board host: waits for an update because there is no app"
    assert told.encode() in board.feed(b"\r")


def image_that_starts(board: Board, slot: int) -> bytes:
    """The bytes that the loader has found to be whole."""
    size = ImageHeader.parse(board.read(board.slots[slot][0], LENGTH)).size
    return board.read(board.slots[slot][0] + IMAGE_HEADER_SIZE, size)


cuts = given(
    operations=st.lists(st.integers(1, 245), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
    ecc=st.booleans(),
)
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("slots", [1, 2])
def test_settings_outlive_updates(one: Board, two: Board, slots: int) -> None:
    board = one if slots == 1 else two
    kept = random.Random(3).randbytes(2 * SECTOR)
    board.place(SETTINGS, kept)
    assert board.reset() is None
    for slot in range(slots):
        longest = random.Random(4).randbytes(board.slots[slot][1] - IMAGE_HEADER_SIZE)
        board.update(longest, slot)
        assert board.reset() == slot
        board.to_loader()
    assert board.read(SETTINGS, len(kept)) == kept
    assert not board.library.flash_erase(SETTINGS)
    assert not board.library.flash_program(SETTINGS, bytes(32))
    assert not board.library.flash_erase_settings(board.slots[0][0])
    assert not board.library.flash_program_settings(board.slots[0][0], bytes(32))
    assert board.read(SETTINGS, len(kept)) == kept


@many
@cuts
def test_power_cuts_in_a_single_slot_never_start_damage_and_an_update_recovers(
    one: Board, operations: list[int], seed: int, ecc: bool
) -> None:
    one.erase_all(ecc=ecc)
    assert one.reset() is None
    one.update(OLD)
    one.to_loader()
    for number, count in enumerate(operations):
        one.cut_power_after(count, seed + number)
        with contextlib.suppress(Refused):
            one.update(NEW)
        started = one.reset()
        if started is not None:
            assert image_that_starts(one, started) in (OLD, NEW)
            one.to_loader()
    one.update(NEW)
    assert one.reset() == 0
    assert image_that_starts(one, 0) == NEW
    assert one.loader_changes == 0


@many
@cuts
def test_power_cuts_with_two_slots_always_leave_an_image_that_starts(
    two: Board, operations: list[int], seed: int, ecc: bool
) -> None:
    two.erase_all(ecc=ecc)
    assert two.reset() is None
    two.update(OLD, 0)
    two.library.slots_confirm(0)
    for number, count in enumerate(operations):
        two.to_loader()
        two.cut_power_after(count, seed + number)
        with contextlib.suppress(Refused):
            two.update(NEW, 1)
        if two.is_off:
            started = two.reset()
            assert started is not None
            assert image_that_starts(two, started) == (OLD, NEW)[started]
            two.library.slots_confirm(started)
    two.to_loader()
    with contextlib.suppress(Refused):
        two.update(NEW, 1)
    assert two.reset() == 1
    assert image_that_starts(two, 1) == NEW
    assert two.loader_changes == 0


@many
@given(junk=st.binary(max_size=700), at=st.integers(0, 2000), ecc=st.booleans())
def test_whatever_the_slot_holds_is_never_started_unless_whole(
    one: Board, junk: bytes, at: int, ecc: bool
) -> None:
    one.erase_all(ecc=ecc)
    one.place_image(OLD)
    one.place(one.slots[0][0] + at, junk)
    intact = image_is_intact(one)
    assert (one.reset() == 0) == intact
    if not intact:
        one.update(NEW)
        assert one.reset() == 0


def image_is_intact(board: Board) -> bool:
    """Whether header and image are still those of OLD."""
    origin = board.slots[0][0]
    header = board.read(origin, LENGTH)
    try:
        parsed = ImageHeader.parse(header)
    except ValueError:
        return False
    return parsed.size == len(OLD) and board.read(origin + IMAGE_HEADER_SIZE, len(OLD)) == OLD


def test_the_start_of_a_faulted_image_is_not_repeated_by_itself(board: Board) -> None:
    board.update(OLD)
    assert board.reset(ResetCause.SOFTWARE) == 0
    board.library.mailbox_set_start(FAULTED, 0)
    assert board.reset(ResetCause.SOFTWARE) is None
    assert board.request("boot") == {}
    assert board.library.harness_boot() == 0


@many
@given(requests=st.lists(st.tuples(st.integers(0x0B, 0x15), st.binary(max_size=120)), max_size=12))
def test_no_request_changes_the_loader_or_an_image_that_was_not_announced(
    one: Board, requests: list[tuple[int, bytes]]
) -> None:
    one.erase_all()
    one.place_image(OLD)
    one.reset()
    one.to_loader()
    before = bytes(one.flash)
    for type_, body in requests:
        assert one.exchange(Frame(type_, 1, body)).sequence == 1
    assert bytes(one.flash) == before
