"""The label state's C against its twin, whatever scores and settings come."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.head.arithmetic import MOST_LABELS
from edgel3_deploy.head.state import LabelSettings, LabelState, take
from tests.firmware.head.host import HostHead

LABELS = 3


class Threshold(ctypes.Structure):
    _fields_ = (("on", ctypes.c_uint8), ("off", ctypes.c_uint8))


class Settings(ctypes.Structure):
    _fields_ = (("smoothing", ctypes.c_uint8), ("thresholds", Threshold * MOST_LABELS))


class State(ctypes.Structure):
    _fields_ = (
        ("started", ctypes.c_bool),
        ("smoothed", ctypes.c_uint16 * MOST_LABELS),
        ("present", ctypes.c_bool * MOST_LABELS),
    )


def settings_struct(smoothing: int, thresholds: list[tuple[int, int]]) -> Settings:
    struct = Settings(smoothing=smoothing)
    for index, (on, off) in enumerate(thresholds):
        struct.thresholds[index] = Threshold(on, off)
    return struct


U8 = st.integers(0, 255)
PAIRS = st.lists(st.tuples(U8, U8).map(lambda pair: (max(pair), min(pair))), min_size=LABELS, max_size=LABELS)
WINDOWS = st.lists(st.lists(st.integers(-128, 127), min_size=LABELS, max_size=LABELS), max_size=30)


@settings(max_examples=100)
@given(smoothing=st.integers(1, 255), thresholds=PAIRS, windows=WINDOWS)
def test_state_is_its_twin(
    host_head: HostHead, smoothing: int, thresholds: list[tuple[int, int]], windows: list[list[int]]
) -> None:
    struct, state = settings_struct(smoothing, thresholds), State()
    on, off = np.array(thresholds, np.uint8).T
    twin: LabelState | None = None
    host_head.library.head_state_reset(ctypes.byref(state))
    for window in windows:
        before = np.zeros(LABELS, bool) if twin is None else twin.present
        scores = np.array(window, np.int8)
        twin = take(twin, LabelSettings(smoothing, on, off), scores)
        changes = host_head.library.head_state_take(
            ctypes.byref(state), ctypes.byref(struct), ctypes.c_void_p(scores.ctypes.data), LABELS
        )
        assert list(state.smoothed)[:LABELS] == twin.smoothed.tolist()
        assert list(state.present)[:LABELS] == twin.present.tolist()
        assert changes == (before != twin.present).sum()


@pytest.mark.parametrize(
    ("smoothing", "threshold", "labels", "usable"),
    [
        (1, (9, 9), 1, True),
        (0, (9, 9), 1, False),
        (255, (8, 9), 1, False),
        (255, (9, 9), MOST_LABELS, True),
        (1, (9, 9), MOST_LABELS + 1, False),
    ],
)
def test_unusable_settings_are_noticed(
    host_head: HostHead, smoothing: int, threshold: tuple[int, int], labels: int, usable: bool
) -> None:
    host_head.library.head_settings_usable.restype = ctypes.c_bool
    struct = settings_struct(smoothing, [threshold])
    assert host_head.library.head_settings_usable(ctypes.byref(struct), labels) is usable
