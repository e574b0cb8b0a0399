"""TFLite Micro's interpreter on the host."""

from __future__ import annotations

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.reference import tflm
from tests.reference import litert


@pytest.fixture
def wheel() -> None:
    if not tflm.available():
        pytest.skip("the tflite-micro wheel is not installed")


@pytest.mark.usefixtures("wheel")
class TestInstalled:
    def test_equals_litert_s_convolutions(self, tiny_tflite: bytes, inputs: np.ndarray) -> None:
        seen: list[int] = []
        outputs = tflm.run_all(tiny_tflite, inputs, lambda stage, done=0, total=0: seen.append(done))
        np.testing.assert_array_equal(outputs, litert.run_all(tiny_tflite, inputs))
        assert seen == list(range(6))

    def test_the_arena_holds_the_two_largest_neighbours(
        self, tiny_tflite: bytes, capfd: pytest.CaptureFixture[str]
    ) -> None:
        largest = 2 * 64 * 50 * 4
        assert largest < tflm.arena_bytes(tiny_tflite) < largest + 20_000
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("model", [b"", b"junk" * 10])
    def test_bytes_that_are_no_model_are_refused(self, model: bytes) -> None:
        with pytest.raises(BadInputError, match="TFL3"):
            tflm.run_all(model, np.zeros((1, 64, 50, 1), np.int8))
        with pytest.raises(BadInputError, match="TFL3"):
            tflm.arena_bytes(model)

    def test_inputs_of_another_shape_are_refused(self, tiny_tflite: bytes) -> None:
        with pytest.raises(BadInputError, match=r"int8 \(64, 50, 1\)"):
            tflm.run_all(tiny_tflite, np.zeros((1, 50, 64, 1), np.int8))


class TestMissing:
    @pytest.fixture(autouse=True)
    def no_wheel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tflm, "available", lambda: False)

    def test_the_package_is_named(self, inputs: np.ndarray) -> None:
        for call in (lambda: tflm.run_all(b"", inputs), lambda: tflm.arena_bytes(b"")):
            with pytest.raises(MissingDependencyError) as caught:
                call()
            assert "tflite-micro" in caught.value.hint
