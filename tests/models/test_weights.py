"""Weight files: what is read out of them, and that nothing but EdgeL3 weights gets through."""

from __future__ import annotations

import gzip
import io
import resource
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models import parse
from edgel3_deploy.models.archive import fingerprint
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
    refuse(write_weights(tmp_path / "a.h5", arrays), "mel matrix is 513 x 256")


@pytest.mark.parametrize("layer", ["spectrogram", "spectrogram_1", "spectrogram_12"])
def test_linear_spectrograms_are_refused(tmp_path: Path, layer: str) -> None:
    arrays = random_arrays(TINY, "l3") | {f"{layer}/real_kernels": np.zeros((512, 1, 1, 257), np.float32)}
    refuse(write_weights(tmp_path / "a.h5", arrays), "linear spectrograms")


@pytest.mark.parametrize("layer", ["melspectrogram", "melspectrogram_2"])
def test_the_mel_matrix_of_a_later_session_counts(tmp_path: Path, layer: str) -> None:
    arrays = random_arrays(TINY, "l3") | {f"{layer}/Variable": np.zeros((1025, 128), np.float32)}
    refuse(write_weights(tmp_path / "a.h5", arrays), "mel matrix is 1025 x 128")
    arrays[f"{layer}/Variable"] = np.zeros((1025, 256), np.float32)
    network = read_weights(write_weights(tmp_path / "b.h5", arrays))
    assert (network.front_end, network.warnings) == ("l3", ())


@pytest.mark.parametrize(
    ("name", "spectrograms"),
    [
        ("openl3_audio_linear_env-v0_4_0.h5", "linear"),
        ("openl3_audio_mel128_music.h5", "mel128"),
        ("OpenL3-linear.h5", "linear"),
    ],
)
def test_published_names_of_another_input_are_refused(tmp_path: Path, name: str, spectrograms: str) -> None:
    refuse(random_weights(tmp_path / name, TINY, "l3"), f"its name says that it takes {spectrograms}")


@pytest.mark.parametrize("front_end", ["sea", "l3"])
def test_an_input_that_nothing_names_is_an_assumption(
    tmp_path: Path, front_end: Literal["sea", "l3"]
) -> None:
    network = read_weights(random_weights(tmp_path / "openl3_audio_mel256_env.h5", TINY, front_end))
    (warning,) = network.warnings
    assert f"says nothing of its input: assumed {front_end}" in warning


def test_published_names_are_no_assumption_but_other_bytes_are_told(tmp_path: Path) -> None:
    path = random_weights(tmp_path / "edgel3_sea_ust_audio_emb_64.h5", TINY)
    (warning,) = read_weights(path).warnings
    assert "not the file that was published as sea-64" in warning


def test_the_published_file_is_not_warned_of(sea_64_weights: Path) -> None:
    assert read_weights(sea_64_weights).warnings == ()


class TestKeras3:
    """The same arrays as Keras 3 names them."""

    EXPECTED = random_arrays((2, 3, 4, 5))

    def refer(self, tmp_path: Path) -> FloatNetwork:
        return read_weights(write_weights(tmp_path / "keras_2.h5", self.EXPECTED))

    def check(self, path: Path, tmp_path: Path) -> None:
        network, expected = read_weights(path), self.refer(tmp_path)
        assert (network.front_end, network.input_gain) == ("sea", expected.input_gain)
        for conv, wanted in zip(network.convs, expected.convs, strict=True):
            np.testing.assert_array_equal(conv.weights, wanted.weights)
            np.testing.assert_array_equal(conv.bias, wanted.bias)

    @pytest.mark.parametrize("scope", ["", "sequential/"])
    def test_a_whole_model(self, tmp_path: Path, scope: str) -> None:
        import h5py

        with h5py.File(tmp_path / "a.h5", "w") as file:
            for name, values in self.EXPECTED.items():
                layer, array = name.split("/")
                file[f"model_weights/{layer}/{scope}{layer}/{array}"] = values
        self.check(tmp_path / "a.h5", tmp_path)

    @pytest.mark.parametrize("root", ["layers", "_layer_checkpoint_dependencies"])
    @pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
    def test_weights_alone(self, tmp_path: Path, root: str, suffix: str) -> None:
        import h5py

        orders = {"kernel": 0, "bias": 1, "gamma": 0, "beta": 1, "moving_mean": 2, "moving_variance": 3}
        stream = io.BytesIO()
        with h5py.File(stream, "w") as file:
            for name, values in self.EXPECTED.items():
                layer, array = name.split("/")
                kind, _, number = layer.replace("audio_embedding_layer", "conv2d_8").rpartition("_")
                position = int(number) - 1
                stored = f"{kind}_{position}" if position else kind
                file[f"{root}/{stored}/vars/{orders[array]}"] = values
        path = tmp_path / f"a{suffix}"
        if suffix == ".keras":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("model.weights.h5", stream.getvalue())
        else:
            path.write_bytes(stream.getvalue())
        self.check(path, tmp_path)

    def test_another_archive_is_refused(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
            archive.writestr("config.json", "{}")
        refuse(tmp_path / "a.keras", "not a readable .keras archive")


class TestBounds:
    def test_more_weights_than_any_board_takes_are_not_read(self, tmp_path: Path) -> None:
        import h5py

        with h5py.File(tmp_path / "a.h5", "w") as file:
            for name, values in random_arrays((1, 1, 1, 1)).items():
                layer, array = name.split("/")
                is_kernel, is_first = array == "kernel", layer.endswith("_1")
                inputs = 1 if is_first else 2048
                width = 1 if is_first and layer.startswith("batch") else 2048
                shape = (3, 3, inputs, width) if is_kernel else (width,)
                file.create_dataset(f"{layer}/{layer}/{array}:0", shape, values.dtype)
        refuse(tmp_path / "a.h5", "not supported: more than 16,777,216 weights")

    def test_wider_numbers_than_weights_have_are_refused(self, tmp_path: Path) -> None:
        arrays = random_arrays(TINY)
        wide = {name: values.astype(np.longdouble) for name, values in arrays.items()}
        refuse(write_weights(tmp_path / "a.h5", wide), "plain floating-point")

    def test_a_file_that_keeps_the_library_busy_is_given_up(self, test_data: Path) -> None:
        path = test_data / "inputs" / "models" / "hang.h5"
        if not path.exists():
            pytest.skip("the file that hangs is not at hand")
        started = _children_s_seconds()
        refuse(path, "takes more than 8 s")
        assert _children_s_seconds() - started < 10


def _children_s_seconds() -> float:
    """The processor's time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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


@pytest.mark.parametrize("layer", ["batch_normalization_1/gamma", "conv2d_3/kernel", "conv2d_6/bias"])
def test_weights_that_no_trained_network_has_are_refused(layer: str, tmp_path: Path) -> None:
    arrays = random_arrays(TINY)
    arrays[layer] = np.full_like(arrays[layer], 1e30)
    refuse(
        write_weights(tmp_path / "a.h5", arrays), r"weights are too large: the sums of conv2d_\d can reach"
    )


def test_an_unknown_front_end_is_named_with_its_file(tmp_path: Path) -> None:
    import h5py

    path = random_weights(tmp_path / "a.h5", TINY)
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["front_end"] = "x" * 1_000
    refuse(path, r'a\.h5: unknown front end "x{20,80}, named in its attributes')


class TestGzip:
    def test_a_file_of_several_parts_is_read(self, tmp_path: Path) -> None:
        content = random_weights(tmp_path / "a.h5", TINY).read_bytes()
        path = tmp_path / "b.h5.gz"
        path.write_bytes(gzip.compress(content[:2_000]) + gzip.compress(content[2_000:]))
        assert fingerprint(read_weights(path)) == fingerprint(
            replace(read_weights(tmp_path / "a.h5"), name="b")
        )

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
        monkeypatch.setattr(parse, "MAX_FILE_BYTES", 1 << 20)
        with pytest.raises(BadInputError, match="expands to more than 1 MB"):
            parse.parse_weights(tmp_path / "a.h5.gz", gzip.compress(bytes(2 << 20)))


@settings(max_examples=12)
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
