"""The sounds of a catalogue: read whole, split by origin, written with their credits."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.audio.opensfx import CALIBRATION, CREDITS, JUDGE, extract, main, read_catalogue, split
from edgel3_deploy.errors import BadInputError, ExitCode

RATE = 44_100


def a_wav(folder: Path, seconds: float) -> bytes:
    path = folder / "sound.wav"
    samples = (
        np.random.default_rng(int(100 * seconds)).integers(-99, 99, int(seconds * RATE)).astype(np.int16)
    )
    soundfile.write(path, samples, RATE, subtype="PCM_16")
    return path.read_bytes()


def catalogue_of(sounds: dict[str, bytes]) -> bytes:
    index, rest = b"", b""
    for credit, wav in sounds.items():
        text = credit.encode() + b"\0"
        at = 8 * len(sounds) + len(rest)
        index += struct.pack("<II", at | 0x8000_0000, len(wav))
        rest += bytes([len(text)]) + text + wav
    return index + rest


@pytest.fixture
def sounds(tmp_path: Path) -> dict[str, bytes]:
    second = a_wav(tmp_path, 1.5)
    return {
        '"Crash". Original "crash.wav" by "a".': second,
        '"Wind". By b.': second,
        '"Big crash". Original "crash.wav" by "a". Edited by "c".': second,
        '"Rain". Original "rain.wav" and "hail.flac" by "d".': second,
        '"Hail". Original "hail.flac" by "d".': second,
        '"Click". By e.': a_wav(tmp_path, 0.2),
        '"Toyland: Bubble". By f.': second,
        '"Wind". By g.': second,
    }


@pytest.fixture
def catalogue(tmp_path: Path, sounds: dict[str, bytes]) -> Path:
    path = tmp_path / "sounds.cat"
    path.write_bytes(catalogue_of(sounds))
    return path


def test_every_sound_is_read_with_its_credit(catalogue: Path, sounds: dict[str, bytes]) -> None:
    assert {sound.credit: sound.wav for sound in read_catalogue(catalogue)} == sounds


def test_no_original_stands_on_both_sides(catalogue: Path) -> None:
    calibration, judge = split(read_catalogue(catalogue))
    assert [sound.name for sound in calibration] == ["wind", "crash", "big_crash"]
    assert [sound.name for sound in judge] == ["rain", "hail"]


def test_what_is_short_fanciful_or_twice_is_left_out(catalogue: Path) -> None:
    names = [sound.name for side in split(read_catalogue(catalogue)) for sound in side]
    assert "click" not in names
    assert "toyland_bubble" not in names
    assert names.count("wind") == 1


def test_files_are_those_of_the_catalogue_with_credits_beside(
    catalogue: Path, sounds: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(catalogue), str(tmp_path / "out")]) == ExitCode.OK
    assert "3 recordings" in capsys.readouterr().out
    written = tmp_path / "out" / JUDGE
    assert sorted(path.name for path in written.iterdir()) == [CREDITS, "hail.wav", "rain.wav"]
    assert (written / "hail.wav").read_bytes() == sounds['"Hail". Original "hail.flac" by "d".']
    assert 'hail.wav: "Hail". Original "hail.flac" by "d".\n' in (written / CREDITS).read_text()


@pytest.mark.parametrize("length", [0, 7, 40, 900])
def test_half_a_catalogue_is_refused(
    catalogue: Path, length: int, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue.write_bytes(catalogue.read_bytes()[:length])
    assert main([str(catalogue), str(catalogue.parent / "out")]) == ExitCode.BAD_INPUT
    said = capsys.readouterr().err
    assert str(catalogue) in said
    assert "openttd-opensfx" in said


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "any.cat"
    path.write_bytes(content)
    with pytest.raises(BadInputError):
        read_catalogue(path)


def test_the_package_has_enough_to_calibrate_and_to_judge(opensfx: Path, tmp_path: Path) -> None:
    files = list(extract(opensfx, tmp_path))
    seconds = {
        side: sum(
            soundfile.info(path).duration
            for path in files
            if path.parent.name == side and path.suffix == ".wav"
        )
        for side in (CALIBRATION, JUDGE)
    }
    assert seconds[CALIBRATION] > 60
    assert seconds[JUDGE] > 20
