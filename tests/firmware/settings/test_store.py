"""Settings outlive resets and power cuts: whenever the power fails, the old or the new value is there."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.link.settings import SETTINGS as DECLARED
from edgel3_deploy.link.settings import setting_names
from tests.firmware.loader.conftest import ORIGIN, SECTOR
from tests.firmware.loader.conftest import SETTINGS as PLACE
from tests.firmware.settings.conftest import CHANGED, NOT_STORED, OUT_OF_RANGE, UNKNOWN_KEY, Settings
from tests.firmware.settings.records import WORD, full_sector, record

KEYS = {name: key for name, (key, _) in setting_names().items()}
HOP, GAIN, CALIBRATION = KEYS["hop"], KEYS["gain"], KEYS["calibration"]
WORDS = SECTOR // WORD
many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def everything(board: Settings) -> dict[int, int]:
    return {key: board[key] for key in KEYS.values()}


def test_a_board_as_delivered_has_the_defaults(board: Settings) -> None:
    assert everything(board) == {key: setting.default for key, setting in setting_names().values()}
    assert board.sectors() == (b"\xff" * SECTOR, b"\xff" * SECTOR), "reading wrote"


def test_a_change_counts_at_once_and_after_a_reset(board: Settings) -> None:
    assert board.change(HOP, 500) == CHANGED
    assert board[HOP] == 500
    board.reset()
    assert board[HOP] == 500
    assert board[GAIN] == 65536


def test_records_are_those_of_the_documented_format(board: Settings) -> None:
    board.change(HOP, 500)
    board.change(CALIBRATION, -123)
    first, second = board.sectors()
    # The first write makes the sector: its value, then the record that makes it count.
    assert first[: 3 * WORD] == record(0, 2, 0) + record(HOP, 1, 500) + record(CALIBRATION, 3, -123)
    assert set(first[3 * WORD :] + second) == {0xFF}


def test_every_label_has_thresholds_of_its_own(board: Settings) -> None:
    for label in range(32):
        board.change(KEYS[f"threshold_on.{label}"], 100 + label)
    board.reset()
    assert [board[KEYS[f"threshold_on.{label}"]] for label in range(32)] == list(range(100, 132))
    assert board[KEYS["threshold_off.0"]] == 102


@pytest.mark.parametrize("setting", DECLARED, ids=lambda setting: setting.name)
def test_ranges_are_kept(board: Settings, setting: object) -> None:
    key, low, high = (getattr(setting, name) for name in ("key", "low", "high"))
    assert board.change(key, low) == board.change(key, high) == CHANGED
    assert board.change(key, low - 1) == board.change(key, high + 1) == OUT_OF_RANGE
    assert board[key] == high


@pytest.mark.parametrize("key", [0, 8, 31, 96, 0xFFFF, 0xFFFFFFFF])
def test_other_keys_are_unknown(board: Settings, key: int) -> None:
    assert board.change(key, 1) == UNKNOWN_KEY


def test_the_same_value_again_wears_nothing(board: Settings) -> None:
    board.change(HOP, 500)
    before = board.sectors()
    assert board.change(HOP, 500) == CHANGED
    assert board.sectors() == before


def test_a_full_sector_is_followed_by_the_other_and_erased_seldom(board: Settings) -> None:
    chance = random.Random(5)
    erased, last = 0, board.sectors()
    for number in range(1000):
        key = chance.choice([HOP, GAIN, KEYS["threshold_on.7"]])
        value = 100 + number % 100
        assert board.change(key, value) == CHANGED
        sectors = board.sectors()
        lost = [
            any(a & ~b for a, b in zip(new, old, strict=True)) for new, old in zip(sectors, last, strict=True)
        ]
        erased, last = erased + sum(lost), sectors
    assert 0 < erased <= 2 + 1000 // (WORDS - 96)
    expected = everything(board)
    board.reset()
    assert everything(board) == expected


def test_a_stored_value_outside_its_range_counts_as_none(board: Settings) -> None:
    board.place(0, record(0, 1, 0) + record(HOP, 2, 5) + record(200, 3, 7))
    board.reset()
    assert board[HOP] == 1000
    assert board.change(HOP, 700) == CHANGED
    board.reset()
    assert board[HOP] == 700


def test_words_that_cannot_be_read_are_left_behind(board: Settings) -> None:
    board.deliver(ecc=True)
    board.change(HOP, 500)
    for offset in (2, 4):
        board.poisoned[(PLACE - ORIGIN) // WORD + offset] = 1
    board.change(HOP, 600)
    board.change(GAIN, 300)
    board.reset()
    assert (board[HOP], board[GAIN]) == (600, 300)


def test_without_power_for_the_flash_the_old_value_stands(board: Settings) -> None:
    board.change(HOP, 500)
    board.is_off.value = True
    assert board.change(HOP, 600) == NOT_STORED
    assert board[HOP] == 500


@pytest.mark.parametrize("ecc", [False, True])
@pytest.mark.parametrize("kind", ["first", "append", "compact"])
def test_a_cut_at_every_operation_leaves_the_old_or_the_new_value(
    board: Settings, ecc: bool, kind: str
) -> None:
    seen = set()
    for seed in range(40):
        for operation in range(1, 50):
            board.deliver(ecc=ecc)
            if kind != "first":
                values = {HOP: 500, GAIN: 300, CALIBRATION: -7}
                board.place(0, full_sector(SECTOR, values, HOP, room=4 if kind == "append" else 0))
                board.reset()
            before = everything(board)
            board.cut_power_after(operation, seed * 1000 + operation)
            board.change(HOP, 600)
            was_cut = bool(board.is_off.value)
            board.reset()
            found = everything(board)
            assert found in (before, {**before, HOP: 600})
            seen.add(found[HOP])
            assert board.change(HOP, 700) == CHANGED
            board.reset()
            assert everything(board) == {**before, HOP: 700}
            assert set(board.beside()) == {0xFF}
            if not was_cut:
                break
        expected = {"first": 3, "append": 1, "compact": 5}[kind]
        assert operation == expected + 1, "the cuts were at every operation"
    assert seen == {before[HOP], 600}


@many
@given(
    changes=st.lists(st.tuples(st.sampled_from(sorted(KEYS.values())), st.integers(100, 250)), max_size=30),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    filled=st.integers(0, 6),
    seed=st.integers(0, 1 << 30),
    ecc=st.booleans(),
)
def test_any_history_of_changes_and_cuts_keeps_what_was_acknowledged(
    board: Settings, changes: list[tuple[int, int]], cuts: list[int], filled: int, seed: int, ecc: bool
) -> None:
    board.deliver(ecc=ecc)
    board.place(0, full_sector(SECTOR, {HOP: 500}, HOP, room=filled))
    board.reset()
    known = everything(board)
    pending = list(cuts)
    for number, (key, value) in enumerate(changes):
        if pending and number % 3 == 0:
            board.cut_power_after(pending.pop(), seed + number)
        outcome = board.change(key, value)
        if board.is_off.value:
            board.reset()
            assert board[key] in (known[key], value)
            known[key] = board[key]
        else:
            assert outcome in (CHANGED, OUT_OF_RANGE)
            known[key] = value if outcome == CHANGED else known[key]
    board.reset()
    assert everything(board) == known


@many
@given(junk=st.binary(max_size=600), at=st.integers(0, 2 * SECTOR - 600), ecc=st.booleans())
def test_whatever_the_sectors_hold_settings_work(board: Settings, junk: bytes, at: int, ecc: bool) -> None:
    board.deliver(ecc=ecc)
    board.place(0, full_sector(SECTOR, {HOP: 500}, HOP, room=100))
    board.place(at, junk)
    board.reset()
    for key, setting in setting_names().values():
        assert setting.low <= board[key] <= setting.high
    assert board.change(GAIN, 321) == CHANGED
    board.reset()
    assert board[GAIN] == 321
