"""Weight files: what is read out of them, and that nothing but EdgeL3 weights gets through."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models import weights
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from tests.models.synthetic_weights import random_arrays, random_weights, write_weights

TINY = (2, 3, 4, 5)


def refuse(path: Path, match: str) -> None:
    with pytest.raises(BadInputError, match=match) as caught:
        read_weights(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_the_published_sea_64(sea_64_weights: Path) -> None:
    network = read_weights(sea_64_weights)
    assert (network.name, network.front_end, network.n_mels, network.frames) == ("sea-64", "sea", 64, 50)
    assert [conv.weights.shape[3] for conv in network.convs] == [32, 32, 64, 64, 128, 128, 64, 64]
    assert all(conv.relu for conv in network.convs)
    assert network.input_gain == pytest.approx(0.914 / np.sqrt(114.1 + 1e-3), rel=1e-3)
    assert network.input_offset == pytest.approx(-0.171 + 26.15 * network.input_gain, rel=1e-2)


@pytest.mark.parametrize("suffix", [".h5", ".h5.gz"])
def test_batch_norms_are_folded(tmp_path: Path, suffix: str) -> None:
    arrays = random_arrays(TINY)
    path = write_weights(tmp_path / "a.h5", arrays)
    if suffix == ".h5.gz":
        path = tmp_path / "a.h5.gz"
        path.write_bytes(gzip.compress((tmp_path / "a.h5").read_bytes()))
    network = read_weights(path)
    assert network.name == "a"
    norm = {
        name: arrays[f"batch_normalization_3/{name}"]
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    }
    pixel = np.random.default_rng(0).normal(size=(3, 3, 2)).astype(np.float32)
    raw = np.tensordot(pixel, arrays["conv2d_2/kernel"], 3) + arrays["conv2d_2/bias"]
    expected = norm["gamma"] * (raw - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3)
    folded = np.tensordot(pixel, network.convs[1].weights, 3) + network.convs[1].bias
    np.testing.assert_allclose(folded, expected + norm["beta"], rtol=1e-4, atol=1e-5)


def test_sparse_models_end_without_relu(tmp_path: Path) -> None:
    network = read_weights(random_weights(tmp_path / "a.h5", TINY, "l3"))
    assert (network.front_end, network.n_mels, network.frames) == ("l3", 256, 199)
    assert [conv.relu for conv in network.convs] == [True] * 7 + [False]


def test_every_convolution_may_have_its_own_width(tmp_path: Path) -> None:
    network = read_weights(random_weights(tmp_path / "a.h5", (3, 2, 5, 4, 7, 6, 9, 8)))
    assert [conv.bias.size for conv in network.convs] == [3, 2, 5, 4, 7, 6, 9, 8]
    assert network.embedding == 8


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("conv2d_4/kernel", None, "conv2d_4/kernel is missing"),
        ("batch_normalization_6/gamma", None, "batch_normalization_6/gamma is missing"),
        ("conv2d_3/bias", np.zeros(7, np.float32), "conv2d_3/bias has shape 7, not 3"),
        ("conv2d_2/kernel", np.zeros((5, 5, 2, 2), np.float32), "conv2d_2/kernel has shape 5 x 5 x 2 x 2"),
        ("conv2d_5/kernel", np.full((3, 3, 3, 4), np.nan, np.float32), "conv2d_5/kernel holds NaN"),
        ("conv2d_5/bias", np.full(4, np.inf, np.float32), "conv2d_5/bias holds NaN or infinite"),
        ("conv2d_5/bias", np.zeros(4, np.int32), "floating-point"),
        ("batch_normalization_2/moving_variance", np.full(2, -1, np.float32), "negative"),
        ("batch_normalization_2/gamma", np.full(2, 1e38, np.float64), "overflows"),
    ],
)
def test_bad_arrays_are_named(tmp_path: Path, name: str, value: np.ndarray | None, message: str) -> None:
    arrays = random_arrays(TINY)
    if name.endswith("gamma") and value is not None:
        arrays["batch_normalization_2/moving_variance"] = np.zeros(2, np.float32)
        arrays["conv2d_1/kernel"] *= np.float32(1e3)
    if value is None:
        del arrays[name]
    else:
        arrays[name] = value
    refuse(write_weights(tmp_path / "a.h5", arrays), message)


def test_the_mel_matrix_must_match_the_architecture(tmp_path: Path) -> None:
    arrays = random_arrays(TINY) | {"melspectrogram_1/Variable": np.zeros((513, 256), np.float32)}
    refuse(write_weights(tmp_path / "a.h5", arrays), "mel matrix")


@pytest.mark.parametrize("content", [b"", b"HDF5?", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_files_that_are_not_hdf5_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    refuse(path, "not a readable HDF5 file")


def test_missing_files_are_refused(tmp_path: Path) -> None:
    refuse(tmp_path / "a.h5", "cannot be read")


def test_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["model_weights"] = np.zeros(3)
    refuse(tmp_path / "a.h5", "HDF5|missing")


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    import h5py

    random_weights(tmp_path / "good.h5", TINY)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["model_weights"] = h5py.ExternalLink(str(tmp_path / "good.h5"), "model_weights")
    refuse(tmp_path / "a.h5", "missing")


class TestGzip:
    def test_a_truncated_file_is_refused(self, tmp_path: Path) -> None:
        whole = gzip.compress(random_weights(tmp_path / "a.h5", TINY).read_bytes())
        path = tmp_path / "a.h5.gz"
        path.write_bytes(whole[: len(whole) // 2])
        refuse(path, "truncated gzip")

    def test_a_damaged_file_is_refused(self, tmp_path: Path) -> None:
        content = bytearray(gzip.compress(random_weights(tmp_path / "a.h5", TINY).read_bytes()))
        content[-8] ^= 1
        path = tmp_path / "a.h5.gz"
        path.write_bytes(content)
        refuse(path, "damaged gzip")

    def test_expansion_is_bounded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "MAX_FILE_BYTES", 1 << 20)
        path = tmp_path / "a.h5.gz"
        path.write_bytes(gzip.compress(bytes(2 << 20)))
        refuse(path, "expands to more than 1 MB")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    content = bytearray(random_weights(folder / "good.h5", (1, 1, 1, 1)).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "a.h5"
    path.write_bytes(
        content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    )
    try:
        network = read_weights(path)
    except BadInputError as error:
        assert str(path) in error.message
    else:
        assert isinstance(network, FloatNetwork)
        assert all(np.isfinite(conv.weights).all() for conv in network.convs)


def test_openl3_embeds_before_its_last_batch_norm(tmp_path: Path) -> None:
    arrays = random_arrays(TINY) | {"melspectrogram_1/Variable": np.zeros((1025, 256), np.float32)}
    network = read_weights(write_weights(tmp_path / "openl3.h5", arrays))
    assert (network.front_end, network.n_mels, network.frames) == ("l3", 256, 199)
    assert [conv.relu for conv in network.convs] == [True] * 7 + [False]
    np.testing.assert_array_equal(network.convs[-1].weights, arrays["audio_embedding_layer/kernel"])


@pytest.mark.parametrize(("first_conv", "first_norm"), [(0, 0), (8, 10)])
def test_layers_may_be_numbered_as_their_session_counted_them(
    tmp_path: Path, first_conv: int, first_norm: int
) -> None:
    import h5py

    arrays = random_arrays(TINY, "l3")
    expected = read_weights(write_weights(tmp_path / "a.h5", arrays))
    with h5py.File(tmp_path / "b.h5", "w") as file:
        for name, values in arrays.items():
            layer, array = name.split("/")
            kind, _, number = layer.rpartition("_")
            if kind in ("conv2d", "batch_normalization"):
                position = int(number) - 1 + (first_conv if kind == "conv2d" else first_norm)
                layer = f"{kind}_{position}" if position else kind
            file.create_dataset(f"{layer}/{layer}/{array}:0", data=values)
    network = read_weights(tmp_path / "b.h5")
    assert network.front_end == "l3"
    for conv, wanted in zip(network.convs, expected.convs, strict=True):
        np.testing.assert_array_equal(conv.weights, wanted.weights)
