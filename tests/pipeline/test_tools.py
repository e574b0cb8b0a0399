"""Each runtime asks for its own tools, and records their versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy import __version__
from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.pipeline.tools import find_tools
from edgel3_deploy.toolchain.tflm import LIBRARY


def test_native_needs_a_compiler_only(arm_gcc: Path) -> None:
    tools = find_tools("native", None, None)
    assert tools.versions.keys() == {"edgel3-deploy", "arm-none-eabi-gcc"}
    assert tools.make_variables == ()


def test_cmsis_nn_records_its_release(arm_gcc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
    monkeypatch.delenv("CMSIS_NN_ROOT", raising=False)
    assert find_tools("cmsis-nn", None, None).versions["cmsis-nn"] == "4.0.0"


def test_cmsis_nn_without_sources_is_told(arm_gcc: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="no CMSIS-NN tree"):
        find_tools("cmsis-nn", tmp_path, None)


def test_tflm_without_a_checkout_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_tools("tflm", None, None).versions == {"edgel3-deploy": __version__}


def test_tflm_with_a_checkout_tells_make_where_it_is(arm_gcc: Path, tmp_path: Path) -> None:
    library = tmp_path / "gen/cortex_m_generic_cortex-m7+sfp_default_gcc/lib" / LIBRARY
    header = tmp_path / "tensorflow/lite/micro/micro_interpreter.h"
    for path in (library, header):
        path.parent.mkdir(parents=True)
        path.touch()
    tools = find_tools("tflm", None, tmp_path)
    assert tools.make_variables == (f"TFLM_ROOT={tmp_path.resolve()}", f"TFLM_LIBRARY={library.resolve()}")
