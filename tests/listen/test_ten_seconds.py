"""The demo's sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.listen.ten_seconds import main


def test_recordings_follow_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, name, level in (
        ("validation", "helicopter", 0.25),
        ("calibration", "lumber_mill_chainsaw", 0.5),
    ):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / f"{name}.wav", np.full(48_000, level), 48_000)
    assert main([str(tmp_path), str(tmp_path / "ten.wav")]) == 0
    samples, rate = soundfile.read(tmp_path / "ten.wav")
    assert len(samples) == 10 * rate
    assert set(samples[: 5 * rate]) == {0.25} and set(samples[5 * rate :]) == {0.5}
    assert "10 s of helicopter, then lumber_mill_chainsaw" in capsys.readouterr().out


def test_without_recordings_sounds_are_generated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none"), str(tmp_path / "ten.wav")]) == 0
    samples, rate = soundfile.read(tmp_path / "ten.wav")
    assert len(samples) == 10 * rate and np.abs(samples).max() > 0.5
    assert "10 s of generated sounds" in capsys.readouterr().out


def test_arguments_and_bad_recordings_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    (tmp_path / "a").mkdir()
    for name in ("helicopter.wav", "lumber_mill_chainsaw.wav"):
        (tmp_path / "a" / name).write_bytes(b"no audio")
    assert main([str(tmp_path), str(tmp_path / "ten.wav")]) == 3
    assert "Error: " in capsys.readouterr().err
    assert not (tmp_path / "ten.wav").exists()
