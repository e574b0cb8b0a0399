"""LiteRT on the host: without delegates, and refusing what it cannot run."""

from __future__ import annotations

import sys

import pytest

from edgel3_deploy.errors import BadInputError, MissingDependencyError
from edgel3_deploy.reference.interpreter import open_interpreter


def test_no_delegate_takes_part(tiny_tflite: bytes) -> None:
    operators = open_interpreter(tiny_tflite)._get_ops_details()
    assert [operator["op_name"] for operator in operators].count("CONV_2D") == 8
    assert "DELEGATE" not in {operator["op_name"] for operator in operators}


@pytest.mark.parametrize("model", [b"", b"junk", bytes(1000), b"\x20\0\0\0TFL3" + bytes(100)])
def test_bytes_that_are_no_model_are_refused(model: bytes) -> None:
    with pytest.raises(BadInputError):
        open_interpreter(model)


def test_a_truncated_model_is_refused(tiny_tflite: bytes) -> None:
    with pytest.raises(BadInputError):
        open_interpreter(tiny_tflite[: len(tiny_tflite) // 2])


def test_without_any_interpreter_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ai_edge_litert", "tflite_runtime", "tensorflow.lite.python"):
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, f"{module}.interpreter", None)
    with pytest.raises(MissingDependencyError) as caught:
        open_interpreter(b"")
    assert "ai-edge-litert" in caught.value.hint
