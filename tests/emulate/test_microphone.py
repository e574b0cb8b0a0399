"""The sound at a virtual board's microphone: as it is looked at, or as time passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.emulate.microphone import Microphone
from edgel3_deploy.errors import BadInputError

RATE = 48_000


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    import soundfile

    path = tmp_path / "ramp.wav"
    soundfile.write(path, np.arange(1_000, dtype=np.int16), RATE, subtype="PCM_16")
    return path


def test_ten_milliseconds_pass_with_each_look(ramp: Path) -> None:
    microphone = Microphone(ramp)
    microphone.start()
    assert len(microphone.passed(RATE, looked=False)) == 0
    parts = [microphone.passed(RATE, looked=True) for _ in range(4)]
    assert [len(part) for part in parts] == [480, 480, 40, 0]
    assert (np.concatenate(parts) * 2**15).tolist() == list(range(1_000))
    microphone.start()
    assert microphone.passed(RATE, looked=True)[1] * 2**15 == 1


def test_time_stands_still_without_a_recording_and_until_it_is_awaited(ramp: Path) -> None:
    awaited = False
    for path in (None, ramp):
        microphone = Microphone(path, awaited=lambda: awaited)
        microphone.start()
        assert len(microphone.passed(RATE, looked=True)) == 0
    awaited = True
    assert microphone.passed(RATE, looked=True)[1] * 2**15 == 1


def test_silence_follows_the_recording_in_real_pace(ramp: Path) -> None:
    now = 0.0
    microphone = Microphone(ramp, lambda: now)
    microphone.start()
    now += 1 / 32
    heard = microphone.passed(RATE, looked=False) * 2**15
    assert heard[:1_000].tolist() == list(range(1_000))
    assert len(heard) == 1_500
    assert not heard[1_000:].any()


def test_sound_passes_with_time_and_begins_anew_with_each_start(ramp: Path) -> None:
    now = 5.0
    microphone = Microphone(ramp, lambda: now)
    microphone.start()
    now += 1 / 64
    assert len(microphone.passed(RATE, looked=False)) == 750
    now += 1 / 64
    assert microphone.passed(RATE, looked=True)[0] * 2**15 == 750
    microphone.start()
    now += 1 / 128
    assert (microphone.passed(RATE, looked=True) * 2**15).tolist() == list(range(375))


def test_a_recording_is_resampled_to_the_microphone_s_rate(ramp: Path) -> None:
    microphone = Microphone(ramp)
    microphone.start()
    assert len(microphone.passed(24_000.0, looked=True)) == 240


def test_what_is_no_audio_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(BadInputError, match=r"text\.wav"):
        Microphone(tmp_path / "text.wav")
