"""Which windows calibrate: some of every clip, never too many, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.audio.clips import find_clips, load_clip, windows
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd, log_mel
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.quantize.calibration import SYNTHETIC_WARNING, calibration_set, share, spread


def test_all_windows_are_taken_when_there_is_room(recordings: Path) -> None:
    clips = find_clips([recordings])
    expected = [log_mel(window, SEA) for clip in clips for window in windows(load_clip(clip, SEA), SEA)[0]]
    chosen = calibration_set(clips, SEA, len(expected) + 1)
    np.testing.assert_array_equal(chosen.spectrograms, expected)
    assert chosen.description == f"{len(expected)} windows of 3 recordings"


def test_warnings_name_the_clip_but_not_its_folder(recordings: Path) -> None:
    (warning,) = calibration_set(find_clips([recordings]), SEA, 10).warnings
    assert warning.startswith("c-short.wav: 0.375 s")


def test_every_clip_has_its_share(recordings: Path) -> None:
    assert calibration_set(find_clips([recordings]), SEA, 7).description == "7 windows of 3 recordings"
    assert calibration_set(find_clips([recordings])[:1], SEA, 7).description == "7 windows of 1 recording"


def test_generated_sounds_stand_beside_recordings(recordings: Path) -> None:
    chosen = calibration_set(find_clips([recordings]), SEA, 8)
    again = calibration_set((), SEA, 8)
    assert chosen.is_recorded
    np.testing.assert_array_equal(chosen.generated, again.generated)


@pytest.mark.parametrize("front_end", [SEA, L3], ids=["sea", "l3"])
def test_without_clips_sounds_are_generated_and_the_cost_is_said(front_end: FrontEnd) -> None:
    chosen = calibration_set((), front_end, 4)
    assert chosen.spectrograms.shape == (4, front_end.n_mels, front_end.frames)
    assert chosen.description == "4 generated sounds"
    assert not chosen.is_recorded
    assert len(chosen.generated) == 10
    assert np.median(np.ptp(chosen.generated, axis=(1, 2))) > 5
    assert chosen.warnings == (SYNTHETIC_WARNING,)


def test_an_unusable_clip_is_named(recordings: Path) -> None:
    (recordings / "broken.wav").write_bytes(b"no audio")
    with pytest.raises(BadInputError, match=r"broken\.wav"):
        calibration_set(find_clips([recordings]), SEA, 10)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(0, 100))
def test_shares_are_equal_as_far_as_clips_allow(counts: list[int], extra: int) -> None:
    limit = len(counts) + extra
    quotas = share(counts, limit)
    assert sum(quotas) == min(limit, sum(counts))
    assert all(1 <= quota <= count for quota, count in zip(quotas, counts, strict=True))
    open_ended = [quota for quota, count in zip(quotas, counts, strict=True) if quota < count]
    assert all(quota >= max(quotas) - 1 for quota in open_ended)


@given(st.integers(1, 5000), st.integers(1, 200))
def test_picks_are_spread_from_end_to_end(count: int, picks: int) -> None:
    indices = spread(count, picks)
    assert len(indices) == min(count, picks)
    assert indices == sorted(set(indices))
    assert 0 <= indices[0] <= indices[-1] < count
    if picks >= 3:
        assert (indices[0], indices[-1]) == (0, count - 1)
