"""Tables on stdout, and places for what a command writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.cli.output import MOST_WARNINGS, emit_table, emit_warnings, require_output
from edgel3_deploy.errors import UsageError


def test_columns_align_and_numbers_stand_right(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table(("layer", "bytes"), [("conv1", "9"), ("convolution2", "1,000")])
    assert capsys.readouterr().out.splitlines() == [
        "layer         bytes",
        "conv1             9",
        "convolution2  1,000",
    ]


def test_an_empty_table_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table(("layer", "bytes"), [])
    assert capsys.readouterr().out == "layer  bytes\n"


def test_an_output_has_its_suffix_and_is_no_input(tmp_path: Path) -> None:
    model = tmp_path / "model.h5"
    require_output(tmp_path / "new" / "other.H5", ".h5", (model, None))
    with pytest.raises(UsageError, match=r"does not end in \.h5"):
        require_output(tmp_path / "model.tflite", ".h5", ())
    with pytest.raises(UsageError, match="would overwrite an input"):
        require_output(tmp_path / "new" / ".." / "model.h5", ".h5", (None, model))
    with pytest.raises(UsageError, match="cannot be written"):
        require_output(Path("/proc/none/model.h5"), ".h5", ())


def test_many_warnings_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    emit_warnings([f"warning {number}" for number in range(MOST_WARNINGS)])
    assert capsys.readouterr().err.count("Warning: ") == MOST_WARNINGS
    emit_warnings([f"warning {number}" for number in range(MOST_WARNINGS + 2_980)])
    assert capsys.readouterr().err.splitlines()[-1] == "Warning: and 2,980 more such lines"
