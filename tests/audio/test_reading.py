"""Audio files as they are found in the world: formats, odd codecs, damaged headers, odd channels."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgel3_deploy.audio.clips import load_clip
from edgel3_deploy.audio.finding import FORMATS, suffixes
from edgel3_deploy.audio.frontend import SEA
from edgel3_deploy.errors import BadInputError

RATE = 8_000
SOUND = np.sin(np.arange(2 * RATE) * 0.3).astype(np.float32) / 2


@pytest.fixture(scope="session")
def odd(test_data: Path) -> Path:
    """Folder of odd recordings, after public bug reports."""
    folder = test_data / "inputs" / "audio"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


class TestFormats:
    @pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".aiff", ".au", ".caf", ".w64"])
    def test_each_gives_the_same_sound(self, suffix: str, tmp_path: Path) -> None:
        if suffix not in suffixes():
            pytest.skip(f"this libsndfile does not read {suffix}")
        path = tmp_path / f"a{suffix}"
        soundfile.write(path, SOUND, RATE, format=FORMATS[suffix])
        samples = load_clip(path, SEA).samples
        lossy = suffix in (".ogg", ".mp3")
        middle = slice(2_000, 14_000)
        assert abs(samples.size - SOUND.size) <= (2_000 if lossy else 0)
        level = np.sqrt(np.mean(samples[middle] ** 2)) / np.sqrt(np.mean(SOUND[middle] ** 2))
        assert abs(level - 1) < (0.1 if lossy else 1e-4)

    def test_codecs_that_cannot_be_searched_are_read(self, odd: Path) -> None:
        assert load_clip(odd / "gsm.wav", SEA).samples.size == 8_960
        assert load_clip(odd / "g721.wav", SEA).samples.size == 8_400
        assert load_clip(odd / "trace.wav", SEA).samples.any()

    def test_names_that_are_no_unicode_are_read(self, tmp_path: Path) -> None:
        name = os.fsencode(tmp_path) + b"/stra\xdfe.wav"
        soundfile.write(name, SOUND, RATE)
        assert load_clip(Path(os.fsdecode(name)), SEA).samples.size == SOUND.size

    @pytest.mark.parametrize("subtype", ["DWVW_16", "DWVW_24"])
    def test_codecs_in_which_a_seek_fails_are_read(self, subtype: str, tmp_path: Path) -> None:
        path = tmp_path / "a.aiff"
        soundfile.write(path, SOUND, RATE, subtype=subtype)
        np.testing.assert_allclose(load_clip(path, SEA).samples, SOUND, atol=1e-4)

    def test_samples_without_a_header_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.raw"
        path.write_bytes(bytes(32_000))
        with pytest.raises(BadInputError, match=r"a \.raw has no header"):
            load_clip(path, SEA)


class TestUnfinished:
    """Header fields that are written last: by recorders that lose power, and by writers into pipes, never."""

    @pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM", "GSM610"])
    def test_every_codec_of_wav(self, subtype: str, tmp_path: Path) -> None:
        self._check(tmp_path, b"data", 4, format="WAV", subtype=subtype)

    @pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
    def test_both_orders_of_bytes(self, endian: str, tmp_path: Path) -> None:
        self._check(tmp_path, b"data", 4, format="WAV", endian=endian)
        self._check(tmp_path, b".snd" if endian == "BIG" else b"dns.", 8, format="AU", endian=endian)

    def test_a_data_size_of_64_bits(self, tmp_path: Path) -> None:
        self._check(tmp_path, b"ds64", 16, size=8, format="RF64")

    def test_a_header_with_much_before_the_data(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, SOUND, RATE)
        content = path.read_bytes()
        start = content.index(b"data")
        notes = b"JUNK" + struct.pack("<I", 9_001) + bytes(9_002)
        path.write_bytes(content[:start] + notes + b"data" + bytes(4) + content[start + 8 :])
        assert load_clip(path, SEA).samples.size == SOUND.size

    def test_notes_behind_an_empty_recording_are_no_sound(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, SOUND[:0], RATE)
        path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 2_000) + b"INFO" + bytes(1_996))
        with pytest.raises(BadInputError, match="holds no audio"):
            load_clip(path, SEA)

    def test_a_flac_of_unknown_length(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, SOUND, RATE)
        content = bytearray(path.read_bytes())
        content[21] &= 0xF0
        content[22:26] = bytes(4)
        path.write_bytes(content)
        clip = load_clip(path, SEA)
        assert clip.samples.size == SOUND.size
        assert clip.warnings == ()

    def _check(self, folder: Path, mark: bytes, offset: int, size: int = 4, **kind: str) -> None:
        """Zero `size` bytes `offset` behind `mark`: the sound must be that of the whole file."""
        whole, broken = folder / "whole", folder / "broken"
        soundfile.write(whole, SOUND, RATE, **kind)
        content = bytearray(whole.read_bytes())
        start = content.index(mark) + offset
        content[start : start + size] = bytes(size)
        broken.write_bytes(content)
        clip = load_clip(broken, SEA)
        np.testing.assert_array_equal(clip.samples, load_clip(whole, SEA).samples)
        assert clip.warnings == (f"{broken}: its header says 0 bytes; read what follows the header",)


class TestHeaders:
    def test_a_recorder_that_lost_power_loses_no_sound(self, tmp_path: Path, odd: Path) -> None:
        whole = tmp_path / "a.wav"
        soundfile.write(whole, SOUND, RATE)
        content = bytearray(whole.read_bytes())
        start = content.index(b"data") + 4
        content[start : start + 4] = bytes(4)
        broken = tmp_path / "b.wav"
        broken.write_bytes(content)
        clip = load_clip(broken, SEA)
        np.testing.assert_array_equal(clip.samples, load_clip(whole, SEA).samples)
        assert clip.warnings == (f"{broken}: its header says 0 bytes; read what follows the header",)
        assert load_clip(odd / "stream_zero.wav", SEA).samples.size == 8_400

    @pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "AU", "VOC", "AVR"])
    def test_a_file_that_was_cut_short_is_said(self, container: str, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, SOUND, RATE, format=container, subtype="PCM_16")
        assert load_clip(path, SEA).warnings == ()
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
        (warning,) = load_clip(path, SEA).warnings
        assert "cut short: its header promises more than the 1.5 s that are there" in warning

    def test_a_compressed_stream_is_read_up_to_where_it_breaks(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 8 * RATE), RATE)
        whole = load_clip(path, SEA).samples
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        clip = load_clip(path, SEA)
        assert 0.4 * whole.size < clip.samples.size <= 0.5 * whole.size
        np.testing.assert_array_equal(clip.samples, whole[: clip.samples.size])
        assert "cut short: its header promises more than the" in clip.warnings[0]

    @pytest.mark.parametrize("size", [-1, 1 << 40])
    def test_a_caf_that_was_not_closed(self, size: int, tmp_path: Path) -> None:
        whole, broken = tmp_path / "a.caf", tmp_path / "b.caf"
        soundfile.write(whole, SOUND, RATE)
        content = bytearray(whole.read_bytes())
        start = content.index(b"data") + 4
        content[start : start + 8] = size.to_bytes(8, "big", signed=True)
        broken.write_bytes(content)
        clip = load_clip(broken, SEA)
        np.testing.assert_array_equal(clip.samples, load_clip(whole, SEA).samples)
        assert clip.warnings == (
            f"{broken}: its header says another size than the file has; read to its end",
        )
        assert load_clip(whole, SEA).warnings == ()

    def test_a_broken_stream_of_unknown_length_is_said(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 8 * RATE), RATE)
        content = bytearray(path.read_bytes())
        content[21] &= 0xF0
        content[22:26] = bytes(4)
        path.write_bytes(content[: len(content) // 2])
        (warning,) = load_clip(path, SEA).warnings
        assert "a.flac: damaged behind 3." in warning

    @pytest.mark.parametrize("size", [0, -1, 1 << 40])
    def test_a_caf_without_sound_is_refused(self, size: int, tmp_path: Path) -> None:
        path = tmp_path / "a.caf"
        path.write_bytes(b"caff\0\1\0\0" + 1_200 * (b"free" + size.to_bytes(8, "big", signed=True)))
        with pytest.raises(BadInputError, match="not readable as audio"):
            load_clip(path, SEA)

    def test_a_stream_that_is_broken_from_the_start_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.flac"
        soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 8 * RATE), RATE)
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(BadInputError, match="flac decoder lost sync"):
            load_clip(path, SEA)

    def test_a_truncated_recording_is_said(self, odd: Path) -> None:
        assert "more than the 0.5 s that are there" in load_clip(odd / "truncated.wav", SEA).warnings[0]

    @pytest.mark.parametrize("name", ["rate0.wav", "two_data.wav"])
    def test_contradictions_are_refused_in_words(self, name: str, odd: Path) -> None:
        with pytest.raises(BadInputError, match="header is incomplete or contradicts itself"):
            load_clip(odd / name, SEA)


class TestChannels:
    def test_channels_that_cancel_are_said(self, tmp_path: Path, odd: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.stack([SOUND, -SOUND * 0.999], axis=1), RATE, subtype="FLOAT")
        (warning,) = load_clip(path, SEA).warnings
        assert "their mix is 66 dB below them" in warning
        assert "cancel" in load_clip(odd / "antiphase.wav", SEA).warnings[0]

    def test_unlike_channels_are_not(self, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, np.stack([SOUND, np.zeros_like(SOUND)], axis=1), RATE)
        assert load_clip(path, SEA).warnings == ()
