"""The front end's figures: what is guarded, what the table shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cmsis_dsp import ROOT_VARIABLE, find_cmsis_dsp
from benchmarks.front_end import FrontEndCount, rows
from benchmarks.regression import FILE
from edgel3_deploy.audio.frontend import L3, SEA
from edgel3_deploy.errors import ToolchainError

STAGES = {"spectrum": 100, "power": 20, "bands": 30, "quantize": 5}
CHAIN = {f"CMSIS-DSP: {name}": 50 for name in ("window", "arm_rfft_fast_f32", "power", "bands")}


def _counts(stages: dict[str, int]) -> tuple[FrontEndCount, ...]:
    return tuple(FrontEndCount(sizes, 2000, 500, stages, 12_000, True) for sizes in (SEA, L3))


def test_a_frame_is_its_stages_without_quantization() -> None:
    table = {row[0]: row[1:] for row in rows(_counts({**STAGES, **CHAIN}))}
    assert table["one frame"] == ("150", "150")
    assert table["one frame with CMSIS-DSP"] == ("200", "200")


def test_without_cmsis_dsp_its_rows_are_left_out() -> None:
    assert not any("CMSIS" in row[0] for row in rows(_counts(STAGES)))


def test_the_committed_file_has_both_front_ends() -> None:
    committed = json.loads(FILE.read_text())["instructions"]
    for count in _counts(STAGES):
        assert committed[f"front end {count.front_end.name}"].keys() == count.figures().keys()


def test_a_folder_without_cmsis_dsp_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    with pytest.raises(ToolchainError, match="holds no CMSIS-DSP"):
        find_cmsis_dsp(tmp_path)
