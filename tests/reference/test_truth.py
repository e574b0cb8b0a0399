"""The truth is TFLite Micro's, whether or not its interpreter is there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy import reference
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.reference import tflm
from tests.graph.models import ModelBuilder, random_input
from tests.reference import litert


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "available", lambda: False)


@pytest.fixture
def micro() -> None:
    if not tflm.available():
        pytest.skip("the tflite-micro wheel is not installed")


def dense(seed: int) -> tuple[bytes, NDArray[np.int8]]:
    """A fully connected layer, and twenty inputs."""
    model = ModelBuilder((150,)).fully_connected(60, per_channel=bool(seed % 2)).build()
    shape = read_network(model).input.shape
    return model, np.stack([random_input(shape, 100 * seed + number) for number in range(20)])


@pytest.mark.usefixtures("micro")
def test_by_tflite_micro_where_its_wheel_exists(tiny_tflite: bytes, inputs: np.ndarray) -> None:
    outputs, engine = reference.truth(tiny_tflite, inputs[:2])
    np.testing.assert_array_equal(outputs, tflm.run_all(tiny_tflite, inputs[:2]))
    assert engine == "TFLite Micro"


@pytest.mark.usefixtures("no_wheel")
class TestWithoutTheWheel:
    def test_in_numpy(self, tiny_tflite: bytes, inputs: np.ndarray) -> None:
        seen: list[int] = []
        outputs, engine = reference.truth(
            tiny_tflite, inputs, lambda stage, done=0, total=0: seen.append(done)
        )
        np.testing.assert_array_equal(outputs, litert.run_all(tiny_tflite, inputs))
        assert outputs.shape == (6, 8)
        assert outputs.dtype == np.int8
        assert (engine, seen) == ("TFLite Micro's arithmetic in numpy", list(range(6)))

    def test_of_no_window(self, tiny_tflite: bytes, inputs: np.ndarray) -> None:
        assert reference.truth(tiny_tflite, inputs[:0])[0].shape == (0, 8)

    @pytest.mark.parametrize("shape", [(1, 64, 51, 1), (1, 50, 64, 1)])
    def test_inputs_of_another_shape_are_refused(self, tiny_tflite: bytes, shape: tuple[int, ...]) -> None:
        with pytest.raises(BadInputError, match=r"takes int8 \(64, 50, 1\), not int8"):
            reference.truth(tiny_tflite, np.zeros(shape, np.int8))


@pytest.mark.usefixtures("micro")
def test_fully_connected_layers_are_tflite_micro_s_and_not_litert_s(monkeypatch: pytest.MonkeyPatch) -> None:
    differing = 0
    for seed in range(20):
        model, inputs = dense(seed)
        expected = tflm.run_all(model, inputs)
        with monkeypatch.context() as patched:
            patched.setattr(tflm, "available", lambda: False)
            np.testing.assert_array_equal(reference.truth(model, inputs)[0], expected)
        steps = np.abs(litert.run_all(model, inputs).astype(int) - expected)
        assert steps.max() <= 1
        differing += int(steps.sum())
    assert differing, "LiteRT rounds as TFLite Micro does now: it could judge as well"
