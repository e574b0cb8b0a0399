"""Which application starts: only whole ones, the newest first, and the old one when the new one fails."""

from __future__ import annotations

import ctypes
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.link.protocol import ErrorCode, ResetCause, SlotState, StayReason
from tests.firmware.loader.conftest import Board, Refused

OLD = random.Random(3).randbytes(3000)
NEW = random.Random(4).randbytes(5000)


def reason(board: Board) -> StayReason:
    return StayReason(int(str(board.request("read_reset")["stay_reason"])))


def state(board: Board, slot: int = 0) -> SlotState:
    return SlotState(int(str(board.request("read_image", slot=slot)["state"])))


def test_a_blank_board_waits_for_an_image(one: Board) -> None:
    assert one.reset() is None
    assert reason(one) is StayReason.NO_IMAGE
    assert state(one) is SlotState.EMPTY


def test_what_a_probe_has_programmed_starts(one: Board) -> None:
    one.place_image(OLD)
    assert one.reset() == 0


def test_a_cleared_header_is_an_empty_slot(one: Board) -> None:
    one.place_image(OLD)
    one.place(one.slots[0][0], bytes(128))
    assert one.reset() is None
    assert reason(one) is StayReason.NO_IMAGE


@pytest.mark.parametrize("offset", [0, 4, 100, 127, 1024, 1024 + 2999])
def test_one_damaged_byte_keeps_an_image_from_starting(one: Board, offset: int) -> None:
    one.place_image(OLD)
    address = one.slots[0][0] + offset
    one.place(address, bytes([one.read(address, 1)[0] ^ 1]))
    assert one.reset() is None
    assert reason(one) is StayReason.DAMAGED
    assert state(one) is SlotState.DAMAGED


def test_a_word_that_cannot_be_read_keeps_an_image_from_starting(one: Board) -> None:
    one.erase_all(ecc=True)
    one.place_image(OLD)
    (ctypes.c_uint8 * 2000).in_dll(one.library, "host_poisoned")[(0x1000 + 1024 + 96) // 32] = 1
    assert one.reset() is None
    assert reason(one) is StayReason.DAMAGED


def test_another_board_s_image_does_not_start(one: Board) -> None:
    one.place_image(OLD, board="stm32h7")
    assert one.reset() is None
    assert reason(one) is StayReason.OTHER_BOARD
    assert state(one) is SlotState.OTHER_BOARD


def test_an_image_linked_for_another_place_does_not_start(two: Board) -> None:
    two.place_image(OLD, 1, origin=two.slots[0][0])
    assert two.reset() is None
    assert reason(two) is StayReason.DAMAGED


def test_the_application_asks_for_the_loader_once(one: Board) -> None:
    one.place_image(OLD)
    assert one.reset() == 0
    one.to_loader()
    assert reason(one) is StayReason.REQUESTED
    assert one.reset(ResetCause.SOFTWARE) == 0


def test_a_request_does_not_outlive_the_power(one: Board) -> None:
    one.place_image(OLD)
    one.reset()
    one.library.mailbox_set_request(0xB0071DE5)
    assert one.reset(ResetCause.POWER_ON) == 0


def test_a_watchdog_reset_before_the_application_served_keeps_the_loader_waiting(one: Board) -> None:
    one.place_image(OLD)
    assert one.reset() == 0
    assert one.reset(ResetCause.WATCHDOG) is None
    assert reason(one) is StayReason.FAILED_START
    assert one.request("read_reset")["restarts"] == 1


def test_a_watchdog_reset_of_a_healthy_application_starts_it_again(one: Board) -> None:
    one.place_image(OLD)
    one.reset()
    one.library.mailbox_note_healthy()
    assert one.reset(ResetCause.WATCHDOG) == 0


@pytest.mark.parametrize(
    ("cause", "starts"),
    [(ResetCause.WATCHDOG, None), (ResetCause.SOFTWARE, None), (ResetCause.PIN, 0), (ResetCause.POWER_ON, 0)],
)
def test_a_fault_before_the_application_served_needs_a_hand(
    one: Board, cause: ResetCause, starts: int | None
) -> None:
    one.place_image(OLD)
    one.reset()
    registers = (ctypes.c_uint32 * 12)(*range(100, 112))
    one.library.mailbox_note_fault(registers)
    assert one.reset(cause) == starts
    if starts is None:
        answer = one.request("read_reset")
        assert (answer["has_fault"], answer["r0"], answer["pc"], answer["bfar"]) == (1, 100, 106, 111)


def test_the_newest_of_two_starts(two: Board) -> None:
    two.place_image(OLD, 0, sequence=7)
    two.place_image(NEW, 1, sequence=8)
    assert two.reset() == 1
    two.place_image(NEW, 1, sequence=6)
    assert two.reset() == 0


def test_after_three_starts_without_a_word_the_old_image_comes_back(two: Board) -> None:
    two.place_image(OLD, 0, sequence=1)
    two.library.slots_confirm(0)
    two.place_image(NEW, 1, sequence=2)
    assert [two.reset() for _ in range(5)] == [1, 1, 1, 0, 0]
    two.to_loader()
    assert [state(two, slot) for slot in (0, 1)] == [SlotState.CONFIRMED, SlotState.FAILED]


def test_after_a_watchdog_reset_on_trial_the_old_image_comes_back_at_once(two: Board) -> None:
    two.place_image(OLD, 0, sequence=1)
    two.library.slots_confirm(0)
    two.place_image(NEW, 1, sequence=2)
    assert two.reset() == 1
    assert two.reset(ResetCause.WATCHDOG) == 0
    assert two.reset() == 0


def test_an_image_that_confirmed_itself_stays(two: Board) -> None:
    two.place_image(OLD, 0, sequence=1)
    two.place_image(NEW, 1, sequence=2)
    assert two.reset() == 1
    two.library.slots_confirm(1)
    assert [two.reset() for _ in range(5)] == [1] * 5


def test_a_damaged_new_image_leaves_the_old_one(two: Board) -> None:
    two.place_image(OLD, 0, sequence=1)
    two.place_image(NEW, 1, sequence=2)
    two.place(two.slots[1][0] + 2000, bytes(4))
    assert two.reset() == 0


def test_when_both_have_failed_the_loader_waits(two: Board) -> None:
    two.place_image(OLD, 0, sequence=1)
    two.place_image(NEW, 1, sequence=2)
    assert [two.reset() for _ in range(7)] == [1, 1, 1, 0, 0, 0, None]
    assert reason(two) is StayReason.FAILED_START
    two.update(OLD, 0)
    assert two.reset() == 0


def test_an_image_that_failed_is_not_committed_again_without_an_erase(two: Board) -> None:
    two.place_image(OLD, 0)
    assert [two.reset() for _ in range(4)] == [0, 0, 0, None]
    two.begin(OLD, 0)
    two.write(OLD)
    with pytest.raises(Refused) as caught:
        two.request("verify")
    assert (caught.value.code, caught.value.detail) == (ErrorCode.NOT_ERASED, two.slots[0][0] + 0x80)


def test_a_torn_mark_counts_as_burnt(two: Board) -> None:
    two.place_image(OLD, 0)
    for mark in range(2):
        two.place(two.slots[0][0] + 0x80 + 32 * mark, b"\xfe")
    assert [two.reset() for _ in range(2)] == [0, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.tuples(st.booleans(), st.integers(0, 2**32 - 1)), min_size=1, max_size=6),
    ecc=st.booleans(),
)
def test_power_cuts_while_marks_are_burnt_leave_an_image_that_starts(
    two: Board, cuts: list[tuple[bool, int]], ecc: bool
) -> None:
    """The power fails while a trial mark is burnt, or while the image confirms itself."""
    two.erase_all(ecc=ecc)
    two.place_image(OLD, 0, sequence=1)
    two.library.slots_confirm(0)
    two.place_image(NEW, 1, sequence=2)
    for confirming, seed in cuts:
        if confirming:
            started = two.reset()
            assert started is not None
            two.cut_power_after(1, seed)
            two.library.slots_confirm(started)
        else:
            two.cut_power_after(1, seed)
            two.library.harness_reset(int(ResetCause.POWER_ON))
    starts = [two.reset() for _ in range(5)]
    assert any(starts == [1] * count + [0] * (5 - count) for count in range(6))
    assert two.loader_changes == 0
