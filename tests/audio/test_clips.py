"""Recordings: what is read, what is refused, and how windows are cut."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.audio import clips as clips_module
from edgel3_deploy.audio.clips import Clip, load_clip, window_count, windows
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.errors import BadInputError, UsageError


def write_wav(path: Path, samples: np.ndarray, rate: int = 8000, subtype: str = "FLOAT") -> Path:
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def clip_of(count: int) -> Clip:
    return Clip(Path("clip.wav"), np.arange(1, count + 1, dtype=np.float32))


class TestLoading:
    def test_samples_at_the_right_rate_are_unchanged(self, tmp_path: Path) -> None:
        samples = noise(9000)
        clip = load_clip(write_wav(tmp_path / "a.wav", samples), SEA)
        np.testing.assert_array_equal(clip.samples, samples)
        assert clip.samples.dtype == np.float32
        assert clip.warnings == ()

    def test_channels_are_averaged(self, tmp_path: Path) -> None:
        samples = noise(200_000, 3)
        clip = load_clip(write_wav(tmp_path / "a.wav", samples), SEA)
        np.testing.assert_allclose(clip.samples, samples.mean(axis=1), atol=1e-6)

    @pytest.mark.parametrize("rate", [11_025, 16_000, 44_100, 48_000])
    @pytest.mark.parametrize("front_end", [SEA, L3], ids=["sea", "l3"])
    def test_other_rates_are_resampled_as_librosa_does(
        self, tmp_path: Path, rate: int, front_end: FrontEnd
    ) -> None:
        import librosa

        samples = noise(2 * rate + 7)
        clip = load_clip(write_wav(tmp_path / "a.wav", samples, rate), front_end)
        expected = librosa.resample(
            samples, orig_sr=rate, target_sr=front_end.sample_rate, res_type="soxr_hq"
        )
        np.testing.assert_array_equal(clip.samples, expected[: clip.samples.size])
        assert 0 <= expected.size - clip.samples.size <= 1

    def test_silence_and_brevity_are_warnings(self, tmp_path: Path) -> None:
        clip = load_clip(write_wav(tmp_path / "a.wav", np.zeros(4000)), SEA)
        assert len(clip.warnings) == 2
        assert "zero" in clip.warnings[0]
        assert "0.500 s" in clip.warnings[1]
        assert all("a.wav" in warning for warning in clip.warnings)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_samples_that_are_not_numbers_are_refused(self, tmp_path: Path, value: float) -> None:
        samples = noise(8000)
        samples[5000] = value
        with pytest.raises(BadInputError, match=r"a\.wav.*NaN or infinite"):
            load_clip(write_wav(tmp_path / "a.wav", samples), SEA)

    def test_samples_that_overflow_are_refused(self, tmp_path: Path) -> None:
        samples = np.where(np.arange(96_000) % 2, 3e38, -3e38)
        with pytest.raises(BadInputError, match=r"a\.wav"):
            load_clip(write_wav(tmp_path / "a.wav", samples.astype(np.float32), 48_000), SEA)

    def test_empty_audio_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match=r"a\.wav: holds no audio"):
            load_clip(write_wav(tmp_path / "a.wav", np.zeros(0)), SEA)

    @pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x24\0\0\0WAVEfmt ", b"not audio at all" * 100])
    def test_files_that_are_not_audio_are_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        with pytest.raises(BadInputError, match=r"a\.wav"):
            load_clip(path, SEA)

    @settings(max_examples=60)
    @given(st.data())
    def test_damaged_files_are_read_or_refused(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        path = write_wav(tmp_path_factory.mktemp("clips") / "a.wav", noise(300), subtype="PCM_16")
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            clip = load_clip(path, SEA)
        except BadInputError as error:
            assert "a.wav" in error.message
        else:
            assert np.isfinite(clip.samples).all()

    def test_missing_files_and_folders_are_refused(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere.wav"):
            with pytest.raises(BadInputError, match="no such file"):
                load_clip(path, SEA)

    def test_hours_of_audio_are_refused_before_they_are_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clips_module, "MAX_SECONDS", 2)
        with pytest.raises(BadInputError, match="too long") as caught:
            load_clip(write_wav(tmp_path / "a.wav", noise(16_001)), SEA)
        assert "Cut it" in caught.value.hint

    def test_absurd_rates_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError, match="100 Hz"):
            load_clip(write_wav(tmp_path / "a.wav", noise(100), 100), SEA)

    def test_the_edgel3_package_s_recordings(self, test_data: Path) -> None:
        folder = test_data / "audio" / "edgel3"
        with pytest.raises(BadInputError, match=r"empty\.wav"):
            load_clip(folder / "empty.wav", SEA)
        assert "shorter" in load_clip(folder / "short.wav", SEA).warnings[0]
        assert "zero" in load_clip(folder / "silence.wav", SEA).warnings[0]
        mono = load_clip(folder / "chirp_mono.wav", SEA)
        stereo = load_clip(folder / "chirp_stereo.wav", SEA)
        np.testing.assert_allclose(mono.samples, stereo.samples, atol=1e-4)


class TestWindows:
    def test_centred_windows_start_half_a_window_early(self) -> None:
        pieces, timestamps = windows(clip_of(8000), SEA)
        assert pieces.shape == (6, 8000)
        np.testing.assert_allclose(timestamps, [0, 0.1, 0.2, 0.3, 0.4, 0.5])
        assert not pieces[0, :4000].any()
        assert pieces[0, 4000] == 1
        assert pieces[5, 0] == 1

    def test_without_centring_the_first_window_is_the_first_second(self) -> None:
        pieces, _ = windows(clip_of(8001), SEA, center=False)
        assert pieces.shape == (2, 8000)
        assert pieces[0, 0] == 1
        assert not pieces[1, 7201:].any()

    @settings(max_examples=60)
    @given(st.integers(1, 40_000), st.sampled_from([0.05, 0.1, 0.25, 1.0]), st.booleans())
    def test_every_sample_is_covered_and_no_window_is_idle(
        self, count: int, hop: float, center: bool
    ) -> None:
        clip = clip_of(count)
        pieces, timestamps = windows(clip, SEA, hop, center)
        assert len(pieces) == len(timestamps) == window_count(count, SEA, hop, center)
        assert pieces[-1].max() == count
        if len(pieces) > 1:
            assert pieces[-2].max() < count
        step = int(hop * 8000)
        for first, second in itertools.pairwise(pieces):
            np.testing.assert_array_equal(first[step:], second[: 8000 - step])

    def test_hops_longer_than_a_window_leave_sound_out(self) -> None:
        pieces, timestamps = windows(clip_of(30_000), SEA, 1.5, center=False)
        np.testing.assert_array_equal(timestamps, [0, 1.5, 3])
        np.testing.assert_array_equal(pieces[:, 0], [1, 12_001, 24_001])

    def test_a_hop_is_rounded_down_to_samples(self) -> None:
        pieces, _ = windows(clip_of(30_000), SEA, 0.0333, center=False)
        assert pieces[1, 0] - pieces[0, 0] == 266
        assert windows(clip_of(100_000), L3, 0.03333, center=False)[0][1, 0] == 1_600

    @pytest.mark.parametrize("hop", [0, -0.1, 1e-9, float("nan"), float("inf")])
    def test_senseless_hops_are_refused(self, hop: float) -> None:
        with pytest.raises(UsageError, match="hop"):
            windows(clip_of(8000), SEA, hop)
