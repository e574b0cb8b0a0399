"""get_embedding and process_file: what callers of the edgel3 package expect, and the board's very numbers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import edgel3_deploy
from edgel3_deploy import EdgeL3DeployWarning, EmbeddingModel, get_embedding, load_model, process_file
from edgel3_deploy.audio.clips import load_clip, windows
from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.audio.pcm import to_pcm
from edgel3_deploy.embedding.board import board_inputs
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.graph.reference import run
from edgel3_deploy.graph.tensors import dequantize
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.reference import truth
from edgel3_deploy.reference.accept import read_network_file
from tests.models.synthetic_weights import random_weights

RATE = 8_000


def edgel3_windows(samples: int, rate: int, hop: float, center: bool) -> int:
    """How many windows the edgel3 package takes of so many samples at the model's rate."""
    step = int(hop * rate)
    total = samples + (rate // 2 if center else 0)
    return 1 + max(0, int(np.ceil((total - rate) / step)))


class TestWindows:
    @settings(max_examples=10)
    @given(
        samples=st.integers(1, 2 * RATE),
        hop=st.sampled_from([0.1, 0.25, 0.0333, 1.0, 1.7]),
        center=st.booleans(),
    )
    def test_their_number_and_times_are_edgel3_s(
        self, float_model: EmbeddingModel, samples: int, hop: float, center: bool
    ) -> None:
        audio = np.full(samples, 0.25)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EdgeL3DeployWarning)
            embedding, timestamps = get_embedding(audio, RATE, float_model, hop, center)
        count = edgel3_windows(samples, RATE, hop, center)
        assert embedding.shape == (count, 8)
        assert embedding.dtype == np.float32
        np.testing.assert_array_equal(timestamps, np.arange(count) * hop)

    def test_the_edgel3_package_s_recordings(self, float_model: EmbeddingModel, test_data: Path) -> None:
        folder = test_data / "audio" / "edgel3"

        def embed(name: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
            audio, rate = soundfile.read(folder / f"{name}.wav")
            return get_embedding(audio, rate, float_model, **options)

        with pytest.raises(BadInputError, match="holds no audio"):
            embed("empty")
        with pytest.warns(EdgeL3DeployWarning, match="shorter than a window"):
            embedding, timestamps = embed("short", center=False)
        assert embedding.shape == (1, 8)
        assert timestamps.tolist() == [0]
        with pytest.warns(EdgeL3DeployWarning, match="all samples are zero"):
            assert np.isfinite(embed("silence")[0]).all()
        assert len(embed("chirp_1s")[0]) == 6
        assert len(embed("chirp_1s", center=False)[0]) == 1
        mono, stereo = embed("chirp_mono")[0], embed("chirp_stereo")[0]
        lengths = np.linalg.norm(mono, axis=1) * np.linalg.norm(stereo, axis=1)
        assert ((mono * stereo).sum(axis=1) / lengths > 0.999).all()
        assert len(embed("chirp_44k")[0]) == len(mono) == 16
        assert len(embed("chirp_8k")[0]) == 6

    def test_channels_are_averaged(self, float_model: EmbeddingModel, noise: np.ndarray) -> None:
        both = np.stack([noise * 0.4, noise * 1.6], axis=1)
        np.testing.assert_allclose(
            get_embedding(both, RATE, float_model)[0], get_embedding(noise, RATE, float_model)[0], atol=1e-4
        )

    def test_the_l3_front_end_has_its_own(self, tmp_path: Path) -> None:
        model = load_model(random_weights(tmp_path / "l3.h5", (2, 2, 2, 4), "l3"))
        sound = np.sin(np.arange(44_100) * 0.05)
        embedding, timestamps = get_embedding(sound, 44_100, model)
        assert model.front_end.sample_rate == 48_000
        assert embedding.shape == (6, 4)
        assert len(timestamps) == 6


class TestArithmetic:
    def test_float_is_the_float_network(self, weights: Path, noise: np.ndarray) -> None:
        embedding, _ = get_embedding(noise[:RATE], RATE, weights, center=False)
        expected = forward(read_weights(weights), log_mel(noise[:RATE], SEA)[np.newaxis])
        np.testing.assert_allclose(embedding, expected, rtol=1e-5, atol=1e-6)

    def test_board_is_the_int8_network_on_pcm(self, tflite: Path, noise: np.ndarray, tmp_path: Path) -> None:
        path = tmp_path / "a.wav"
        soundfile.write(path, noise, RATE, subtype="FLOAT")
        network, content = read_network_file(tflite)
        pcm = to_pcm(windows(load_clip(path, SEA), SEA)[0])
        inputs = board_inputs(network, SEA, pcm)
        embedding, _ = get_embedding(noise, RATE, str(tflite), arithmetic="board")
        expected = np.stack([run(network, window).reshape(-1) for window in inputs])
        np.testing.assert_array_equal(embedding, dequantize(network.output, expected))
        np.testing.assert_array_equal(expected, truth(content, inputs)[0].reshape(expected.shape))

    def test_board_hears_no_more_than_int16(self, board_model: EmbeddingModel, noise: np.ndarray) -> None:
        pcm = to_pcm(noise)
        heard, _ = get_embedding(noise, RATE, board_model)
        np.testing.assert_array_equal(heard, get_embedding(pcm, RATE, board_model)[0])
        np.testing.assert_array_equal(heard, get_embedding(pcm / 32768, RATE, board_model)[0])

    def test_clipping_is_said(self, board_model: EmbeddingModel, noise: np.ndarray) -> None:
        with pytest.warns(EdgeL3DeployWarning, match="beyond full scale"):
            get_embedding(noise * 4, RATE, board_model)

    @pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint8, np.float64, np.float16])
    def test_integers_are_taken_by_their_full_scale(
        self, kind: type[np.number], board_model: EmbeddingModel, noise: np.ndarray
    ) -> None:
        half = 1 if issubclass(kind, np.floating) else 1 << (8 * np.dtype(kind).itemsize - 1)
        middle = half if kind is np.uint8 else 0
        audio = (np.round(noise * 100) / 128 * half + middle).astype(kind)
        expected, _ = get_embedding(np.round(noise * 100) / 128, RATE, board_model)
        np.testing.assert_array_equal(get_embedding(audio, RATE, board_model)[0], expected)


class TestBatches:
    def test_a_list_gives_lists(self, float_model: EmbeddingModel, noise: np.ndarray) -> None:
        told: list[tuple[int, int]] = []

        def progress(stage: str, done: int = 0, total: int = 0) -> None:
            told.append((done, total))

        sounds = [noise[:RATE], np.repeat(noise[:RATE], 2)]
        embeddings, timestamps = get_embedding(sounds, [RATE, 2 * RATE], float_model, progress=progress)
        assert [len(each) for each in embeddings] == [len(each) for each in timestamps] == [6, 6]
        np.testing.assert_array_equal(embeddings[0], get_embedding(sounds[0], RATE, float_model)[0])
        assert told == [(0, 2), (1, 2)]

    def test_rates_must_match(self, float_model: EmbeddingModel, noise: np.ndarray) -> None:
        with pytest.raises(UsageError, match="1 sample rates for 2 sounds"):
            get_embedding([noise, noise], [RATE], float_model)

    def test_warnings_name_the_sound(self, float_model: EmbeddingModel, noise: np.ndarray) -> None:
        with pytest.warns(EdgeL3DeployWarning, match=r"audio\[1\]: all samples are zero"):
            get_embedding([noise, np.zeros(RATE)], RATE, float_model)


class TestModels:
    def test_generated_calibration_is_said(self, weights: Path) -> None:
        with pytest.warns(EdgeL3DeployWarning, match="no calibration audio"):
            assert load_model(weights, "board").arithmetic == "board"

    def test_calibration_makes_the_board_s_model(self, weights: Path, recordings: Path) -> None:
        model = load_model(weights, "board", calibration=[str(recordings)])
        assert not any("no calibration" in warning for warning in model.warnings)


class TestRefusals:
    @pytest.mark.parametrize(
        ("audio", "words"),
        [
            (np.zeros(0), "holds no audio"),
            (np.ones((10, 10, 10)), "3 dimensions"),
            (np.float64(1), "0 dimensions"),
            (np.ones((2, 8_000)), "8000 channels"),
            (np.array([0.1, np.nan]), "NaN"),
            (np.array([1e300, 0]), "infinite"),
            (np.array(["a"]), "type <U1"),
            (np.array([True]), "type bool"),
        ],
    )
    def test_of_audio(self, audio: Any, words: str, float_model: EmbeddingModel) -> None:
        with pytest.raises(BadInputError, match=words):
            get_embedding(audio, RATE, float_model)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"hop_size": 0}, "hop size of 0"),
            ({"hop_size": -1}, "hop size of -1"),
            ({"hop_size": "invalid"}, "hop size of 'invalid'"),
            ({"hop_size": float("nan")}, "hop size of nan"),
            ({"center": "invalid"}, "center is 'invalid'"),
            ({"sr": 0}, "rate of 0 Hz"),
            ({"sr": 8000.5}, r"rate of 8000\.5 Hz"),
            ({"sr": "8000"}, "rate of '8000' Hz"),
            ({"model": "invalid"}, 'called "invalid"'),
            ({"model": 5}, "model of type int"),
            ({"arithmetic": "board"}, "loaded for float arithmetic"),
            ({"arithmetic": "exact"}, "not exact"),
        ],
    )
    def test_of_arguments(
        self, options: dict[str, Any], words: str, float_model: EmbeddingModel, noise: np.ndarray
    ) -> None:
        with pytest.raises(UsageError, match=words):
            get_embedding(noise, **{"sr": RATE, "model": float_model, **options})


class TestFiles:
    def test_names_and_keys_are_edgel3_s(self, float_model: EmbeddingModel, recordings: Path) -> None:
        recording = recordings / "a.wav"
        other = recordings / "elsewhere"
        assert process_file(recording, model=float_model) == recordings / "a.npz"
        assert process_file(str(recording), str(other), "x", float_model) == other / "a_x.npz"
        with np.load(recordings / "a.npz") as archive:
            assert sorted(archive.files) == ["embedding", "timestamps"]
            audio, rate = soundfile.read(recording)
            embedding, timestamps = get_embedding(audio, rate, float_model)
            np.testing.assert_array_equal(archive["embedding"], embedding)
            np.testing.assert_array_equal(archive["timestamps"], timestamps)

    def test_several_files(self, float_model: EmbeddingModel, recordings: Path, tmp_path: Path) -> None:
        paths = [recordings / "a.wav", recordings / "b.flac"]
        written = process_file(paths, tmp_path, model=float_model, hop_size=0.5, center=False)
        assert written == [tmp_path / "a.npz", tmp_path / "b.npz"]
        assert all(path.is_file() for path in written)

    def test_refusals(self, float_model: EmbeddingModel, tmp_path: Path) -> None:
        text = tmp_path / "invalid.wav"
        text.write_text("This is no audio.")
        with pytest.raises(BadInputError, match=r"invalid\.wav: not readable as audio"):
            process_file(text, model=float_model)
        with pytest.raises(BadInputError, match=r"asdf\.wav"):
            process_file("/nowhere/asdf.wav", model=float_model)
        assert [path.name for path in tmp_path.iterdir()] == ["invalid.wav"]


def test_public_names_are_there() -> None:
    assert {name for name in edgel3_deploy.__all__ if hasattr(edgel3_deploy, name)} == set(
        edgel3_deploy.__all__
    )
    assert set(edgel3_deploy.__all__) <= set(dir(edgel3_deploy))
    assert edgel3_deploy.load_model is load_model
    with pytest.raises(AttributeError, match="nothing_such"):
        edgel3_deploy.nothing_such  # noqa: B018
