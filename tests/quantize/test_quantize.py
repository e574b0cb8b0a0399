"""The whole step: the model's structure, its cache and its fidelity, method by method."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgel3_deploy.audio.clips import find_clips, load_clip, windows
from edgel3_deploy.audio.frontend import SEA, log_mel
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.reference import run
from edgel3_deploy.models.archive import fingerprint
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.quantize import QuantizedModel, quantize
from edgel3_deploy.quantize import isolate as isolate_module
from edgel3_deploy.quantize.calibration import calibration_set
from edgel3_deploy.quantize.fidelity import measure
from edgel3_deploy.quantize.metadata import METADATA_NAME, add_metadata
from edgel3_deploy.quantize.post_training import Method as LayerMethod
from edgel3_deploy.quantize.post_training import quantize_layers
from edgel3_deploy.quantize.quantize import MOST_WINDOWS, Method
from edgel3_deploy.reference import tflm
from edgel3_deploy.reference.interpreter import open_interpreter
from tests.models.synthetic_weights import random_arrays, random_weights, write_weights
from tests.reference import litert


def tree(model: bytes) -> Any:
    """The file as the schema's object API has it, which is untyped."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(model, 0)


def metadata(model: bytes) -> dict[str, Any]:
    parsed = tree(model)
    (entry,) = [entry for entry in parsed.metadata if entry.name == METADATA_NAME.encode()]
    content: dict[str, Any] = json.loads(bytes(parsed.buffers[entry.buffer].data))
    return content


@pytest.fixture
def tiny_model(tiny_network: FloatNetwork, recordings: Path) -> QuantizedModel:
    """The tiny network, quantized; remembered within the test session."""
    return quantize(tiny_network, calibration=[recordings])


class TestModel:
    def test_is_int8_with_batch_one_from_end_to_end(self, tiny_model: QuantizedModel) -> None:
        loaded = open_interpreter(tiny_model.tflite)
        (entry,), (exit_,) = loaded.get_input_details(), loaded.get_output_details()
        assert (entry["dtype"], tuple(entry["shape"])) == (np.int8, (1, 64, 50, 1))
        assert (exit_["dtype"], tuple(exit_["shape"])) == (np.int8, (1, 8))

    def test_holds_eight_convolutions_four_pools_and_a_view(self, tiny_model: QuantizedModel) -> None:
        from ai_edge_litert import schema_py_generated as schema

        parsed = tree(tiny_model.tflite)
        codes = [parsed.operatorCodes[op.opcodeIndex].builtinCode for op in parsed.subgraphs[0].operators]
        kinds = schema.BuiltinOperator
        block = [kinds.CONV_2D, kinds.CONV_2D, kinds.MAX_POOL_2D]
        assert codes == [*block * 4, kinds.RESHAPE]

    def test_weights_are_per_channel(self, tiny_model: QuantizedModel) -> None:
        graph = tree(tiny_model.tflite).subgraphs[0]
        kernel = graph.tensors[graph.operators[0].inputs[1]]
        assert len(kernel.quantization.scale) == kernel.shape[0] == 4

    def test_carries_what_the_front_end_needs(
        self, tiny_model: QuantizedModel, tiny_network: FloatNetwork
    ) -> None:
        assert metadata(tiny_model.tflite) == {
            "name": "tiny",
            "front_end": "sea",
            "input_gain": tiny_network.input_gain,
            "input_offset": tiny_network.input_offset,
            "weights_sha256": fingerprint(tiny_network),
        }

    def test_its_input_is_the_normalised_spectrogram(
        self, tiny_model: QuantizedModel, tiny_network: FloatNetwork
    ) -> None:
        samples = np.random.default_rng(5).uniform(-1, 1, (3, 8000)).astype(np.float32)
        decibels = np.stack([log_mel(window, SEA) for window in samples])
        real = tiny_network.input_gain * decibels + tiny_network.input_offset
        actual = litert.run_real(tiny_model.tflite, real.astype(np.float32)[..., np.newaxis])
        expected = forward(tiny_network, decibels)
        error = np.linalg.norm(actual - expected) / np.linalg.norm(expected)
        assert error < 0.1

    def test_runs_on_tflite_micro_with_the_same_result(self, tiny_model: QuantizedModel) -> None:
        if not tflm.available():
            pytest.skip("the tflite-micro wheel is not installed")
        inputs = np.random.default_rng(0).integers(-128, 128, (5, 64, 50, 1)).astype(np.int8)
        np.testing.assert_array_equal(
            tflm.run_all(tiny_model.tflite, inputs), litert.run_all(tiny_model.tflite, inputs)
        )


class TestMetadata:
    def test_an_earlier_entry_is_replaced(self, tiny_model: QuantizedModel) -> None:
        again = add_metadata(tiny_model.tflite, {"name": "other"})
        assert metadata(again) == {"name": "other"}

    def test_nothing_else_changes(self, tiny_model: QuantizedModel) -> None:
        again = add_metadata(tiny_model.tflite, {"name": "other"})
        inputs = np.random.default_rng(0).integers(-128, 128, (2, 64, 50, 1)).astype(np.int8)
        np.testing.assert_array_equal(
            litert.run_all(again, inputs), litert.run_all(tiny_model.tflite, inputs)
        )

    def test_constants_stay_aligned_to_sixteen_bytes(self, tiny_model: QuantizedModel) -> None:
        from ai_edge_litert import schema_py_generated as schema

        model = schema.Model.GetRootAs(tiny_model.tflite, 0)
        filled = [
            model.Buffers(index)
            for index in range(model.BuffersLength())
            if model.Buffers(index).DataLength()
        ]
        assert len(filled) >= 17
        for buffer in filled:
            constants = buffer.DataAsNumpy()
            address = constants.__array_interface__["data"][0]
            start = np.frombuffer(tiny_model.tflite, np.uint8).__array_interface__["data"][0]
            assert (address - start) % 16 == 0


class TestCache:
    @pytest.fixture(autouse=True)
    def calls(self, tiny_model: QuantizedModel, monkeypatch: pytest.MonkeyPatch) -> list[FloatNetwork]:
        """Networks that are quantized once the tiny model exists."""
        networks: list[FloatNetwork] = []
        module = sys.modules["edgel3_deploy.quantize.quantize"]
        original = module.quantize_layers

        def count(network: FloatNetwork, *arguments: object) -> object:
            networks.append(network)
            return original(network, *arguments)

        monkeypatch.setattr(module, "quantize_layers", count)
        return networks

    def test_equal_inputs_give_the_remembered_result(
        self,
        tiny_network: FloatNetwork,
        tiny_model: QuantizedModel,
        recordings: Path,
        calls: list[FloatNetwork],
    ) -> None:
        assert quantize(tiny_network, calibration=[recordings]) == tiny_model
        moved = recordings.rename(recordings.with_name("moved"))
        assert quantize(tiny_network, calibration=[moved]) == tiny_model
        assert calls == []

    @pytest.mark.parametrize("change", ["weights", "clip", "no clips", "method", "no cache"])
    def test_another_input_is_quantized(
        self, change: str, tiny_network: FloatNetwork, recordings: Path, calls: list[FloatNetwork]
    ) -> None:
        if change == "weights":
            tiny_network = replace(tiny_network, input_gain=tiny_network.input_gain * 1.01)
        if change == "clip":
            (recordings / "b-tone.wav").unlink()
        clips = [] if change == "no clips" else [recordings]
        method: Method = "mse" if change == "method" else "gptq"
        quantize(tiny_network, calibration=clips, method=method, use_cache=change != "no cache")
        assert len(calls) == 1

    def test_a_damaged_entry_is_rebuilt(
        self,
        tiny_network: FloatNetwork,
        recordings: Path,
        calls: list[FloatNetwork],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "cache"))
        first = quantize(tiny_network, calibration=[recordings])
        (entry,) = (tmp_path / "cache" / "quantized").glob("*.tflite")
        entry.write_bytes(first.tflite[:-1])
        assert quantize(tiny_network, calibration=[recordings]) == first
        assert quantize(tiny_network, calibration=[recordings]) == first
        assert len(calls) == 2

    def test_a_cache_out_of_order_is_a_warning(
        self, tiny_network: FloatNetwork, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "file"))
        model = quantize(tiny_network, calibration=[recordings])
        assert "could not be kept" in model.warnings[-1]


def test_the_result_says_what_it_was_calibrated_on(tiny_model: QuantizedModel) -> None:
    assert tiny_model.calibration.endswith("windows of 3 recordings")
    assert tiny_model.fidelity is not None
    assert tiny_model.fidelity.sqnr_db > 18
    assert tiny_model.fidelity.cosine_min > 0.99
    named = [Path(warning.split(":")[0]).name for warning in tiny_model.warnings]
    assert named == ["tiny.h5", "c-short.wav"]


def test_unusable_calibration_audio_is_refused_before_tensorflow_starts(
    tiny_network: FloatNetwork, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(isolate_module, "_run")
    (recordings / "broken.wav").write_bytes(b"no audio")
    with pytest.raises(BadInputError, match=r"broken\.wav"):
        quantize(tiny_network, calibration=[recordings], method="converter")


@pytest.mark.parametrize(("start", "outcome"), [("minmax", "gptq"), ("gptq", "minmax")])
def test_fine_tuning_is_kept_only_if_it_helps(
    start: LayerMethod,
    outcome: LayerMethod,
    tiny_network: FloatNetwork,
    recordings: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sounds = calibration_set(find_clips([recordings]), SEA, MOST_WINDOWS)
    tuned = quantize_layers(tiny_network, sounds, outcome)
    monkeypatch.setattr("edgel3_deploy.quantize.qat.fine_tune", lambda *_: tuned)
    model = quantize(tiny_network, calibration=[recordings], method=start, qat_windows=1)
    before, after = (quantize(tiny_network, calibration=[recordings], method=how) for how in (start, outcome))
    assert after.fidelity is not None
    assert before.fidelity is not None
    improved = after.fidelity.sqnr_db > before.fidelity.sqnr_db
    assert model.sha256 == (after if improved else before).sha256
    assert any("without fine-tuning was kept" in warning for warning in model.warnings) != improved


def test_a_network_that_is_always_zero_converts(tmp_path: Path, recordings: Path) -> None:
    arrays = random_arrays((2, 2, 2, 2))
    zero = {name: np.zeros_like(values) for name, values in arrays.items() if "conv2d" in name}
    network = read_weights(write_weights(tmp_path / "zero.h5", arrays | zero))
    assert quantize(network, calibration=[recordings]).fidelity is not None


def test_sparse_models_convert_with_negative_embeddings(tmp_path: Path, recordings: Path) -> None:
    network = read_weights(random_weights(tmp_path / "sparse.h5", (2, 2, 2, 4), "l3"))
    model = quantize(network, calibration=[recordings])
    spectrogram = np.random.default_rng(0).uniform(-80, 0, (2, 256, 199, 1)).astype(np.float32)
    real = (network.input_gain * spectrogram + network.input_offset).astype(np.float32)
    embeddings = litert.run_real(model.tflite, real)
    assert embeddings.shape == (2, 4)
    assert metadata(model.tflite)["front_end"] == "l3"
    graph = tree(model.tflite).subgraphs[0]
    assert graph.operators[10].builtinOptions.fusedActivationFunction == 0
    assert graph.operators[9].builtinOptions.fusedActivationFunction == 1


@pytest.mark.slow
def test_sea_64_stays_close_to_float_and_repeats_without_tensorflow(
    sea_64_weights: Path, clips: Path
) -> None:
    network = read_weights(sea_64_weights)
    model = quantize(network, calibration=[clips])
    assert model.calibration == "150 windows of 20 recordings"
    assert model.fidelity is not None
    assert model.fidelity.cosine_min > 0.998
    assert model.fidelity.sqnr_db > 33
    program = (
        "import sys; from pathlib import Path\n"
        "from edgel3_deploy.models.weights import read_weights\n"
        "from edgel3_deploy.quantize import quantize\n"
        "model = quantize(read_weights(Path(sys.argv[1])), calibration=[Path(sys.argv[2])])\n"
        "assert not {'tensorflow', 'librosa'} & set(sys.modules)\n"
        "print(model.sha256)"
    )
    again = subprocess.run(
        [sys.executable, "-c", program, str(sea_64_weights), str(clips)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.strip() == model.sha256


def test_the_converter_gives_the_same_structure(
    tiny_network: FloatNetwork, tiny_model: QuantizedModel, recordings: Path
) -> None:
    pytest.importorskip("tensorflow")
    converted = quantize(tiny_network, calibration=[recordings], method="converter").tflite
    assert operators(tiny_model.tflite) == operators(converted)


def operators(model: bytes) -> list[tuple[int, int]]:
    """Code and version of each."""
    parsed = tree(model)
    codes = [parsed.operatorCodes[operator.opcodeIndex] for operator in parsed.subgraphs[0].operators]
    return [(code.builtinCode, code.version) for code in codes]


def test_the_graph_reader_accepts_the_written_file(tiny_model: QuantizedModel) -> None:
    network = read_network(tiny_model.tflite)
    inputs = np.random.default_rng(1).integers(-128, 128, (3, 64, 50, 1)).astype(np.int8)
    expected = litert.run_all(tiny_model.tflite, inputs)
    np.testing.assert_array_equal([run(network, window).reshape(-1) for window in inputs], expected)


@pytest.mark.slow
def test_careful_methods_lose_less_on_recordings_that_did_not_calibrate(
    sea_64_weights: Path, clips: Path
) -> None:
    network = read_weights(sea_64_weights)
    files = find_clips([clips])
    unseen = [load_clip(path, SEA) for path in files[1::4]]
    decibels = np.stack([log_mel(window, SEA) for clip in unseen for window in windows(clip, SEA)[0]])
    real = (network.input_gain * decibels + network.input_offset).astype(np.float32)[..., np.newaxis]
    expected = forward(network, decibels)
    calibration = [path for index, path in enumerate(files) if index % 4 != 1]
    fidelity = {}
    for method in ("minmax", "mse", "gptq"):
        model = quantize(network, calibration=calibration, method=method)
        fidelity[method] = measure(expected, litert.run_real(model.tflite, real))
    assert fidelity["minmax"].sqnr_db < fidelity["mse"].sqnr_db < fidelity["gptq"].sqnr_db
    assert fidelity["gptq"].sqnr_db > 33
    assert fidelity["gptq"].cosine_min > 0.998
    assert fidelity["gptq"].cosine_median > 0.9997


def test_recordings_that_do_not_calibrate_are_counted(
    tiny_network: FloatNetwork, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_WINDOWS", "FEWEST_WINDOWS"):
        monkeypatch.setattr(sys.modules["edgel3_deploy.quantize.quantize"], name, 2)
    quantized = quantize(tiny_network, calibration=[recordings], use_cache=False)
    assert any(warning.startswith("2 of 3 recordings") for warning in quantized.warnings)
