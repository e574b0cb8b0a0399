"""Recordings: what is usable, which are held out, and excerpts of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.train.recordings import Recording, apart, read_excerpt, scan, split


def test_unusable_files_are_left_out_with_a_warning(recordings: Path) -> None:
    import soundfile

    (recordings / "broken.wav").write_bytes(b"no audio")
    soundfile.write(recordings / "blip.wav", np.zeros(80), 8_000)
    soundfile.write(recordings / "slow.wav", np.zeros(80), 10)
    usable, warnings = scan(sorted(recordings.iterdir()))
    assert [recording.path.name for recording in usable] == ["0.wav", "1.wav", "2.wav"]
    assert [warning.split(":")[0].rsplit("/", 1)[1] for warning in warnings] == [
        "blip.wav",
        "broken.wav",
        "slow.wav",
    ]


def test_a_recording_of_unknown_length_is_left_out(recordings: Path) -> None:
    import soundfile

    path = recordings / "piped.flac"
    soundfile.write(path, np.zeros(8_000), 8_000)
    content = bytearray(path.read_bytes())
    content[22:26] = bytes(4)
    path.write_bytes(content)
    usable, warnings = scan([recordings / "0.wav", path])
    assert [recording.path.name for recording in usable] == ["0.wav"]
    assert warnings == (f"{path}: left out: its header does not say how long it is",)


def test_no_usable_recording_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    with pytest.raises(BadInputError, match=r"none of the recordings.*broken\.wav"):
        scan([tmp_path / "broken.wav"])
    assert scan([]) == ((), ())


@given(st.integers(0, 40), st.floats(0, 0.99), st.integers(0, 5))
def test_a_split_takes_whole_files_and_leaves_some_on_either_side(
    count: int, share: float, seed: int
) -> None:
    everything = [Recording(Path(f"{number}.wav"), 8_000, 8_000) for number in range(count)]
    training, held_out = split(everything, share, seed)
    assert sorted(map(str, training + held_out)) == sorted(map(str, everything))
    assert (training, held_out) == split(everything, share, seed)
    if count > 1 and share > 0:
        assert training
        assert held_out


def test_recordings_that_judge_do_not_train_by_whatever_path(recordings: Path) -> None:
    everything = scan(sorted(recordings.iterdir()))[0]
    judges = scan([recordings / ".." / "recordings" / "1.wav"])[0]
    assert [recording.path.name for recording in apart(everything, judges)] == ["0.wav", "2.wav"]
    assert apart(everything, ()) == everything
    assert apart((), judges) == ()
    with pytest.raises(UsageError, match="none is left to train on"):
        apart(judges, everything)


def test_an_excerpt_is_mono_at_the_rate_asked_for(recordings: Path) -> None:
    stereo = scan([recordings / "0.wav"])[0][0]
    assert read_excerpt(stereo, 0.0, 8_000).shape == (12_000,)
    assert len(read_excerpt(stereo, 0.5, 8_000)) == pytest.approx(8_000, abs=2)
    assert len(read_excerpt(stereo, 0.0, 8_000, speed=1.5)) == pytest.approx(8_000, abs=2)


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"gone\.wav"):
        read_excerpt(Recording(tmp_path / "gone.wav", 8_000, 8_000), 0.0, 8_000)


def test_a_file_that_is_no_longer_the_one_scanned_is_named(recordings: Path) -> None:
    path = recordings / "2.wav"
    scanned = scan([path])[0][0]
    path.write_bytes(path.read_bytes()[:-2_000])
    with pytest.raises(BadInputError, match=r"2\.wav: changed"):
        read_excerpt(scanned, 0.0, 8_000)


@pytest.mark.parametrize("sample", [np.nan, np.inf, 1e38])
def test_samples_that_are_no_sound_are_refused(sample: float, tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "odd.wav"
    soundfile.write(path, np.tile(np.array([sample, -sample], np.float32), 8_000), 16_000, "FLOAT")
    with pytest.raises(BadInputError, match=r"odd\.wav: holds NaN, infinite or far too large"):
        read_excerpt(scan([path])[0][0], 0.0, 8_000)
