"""Tables on stdout."""

from __future__ import annotations

import pytest

from edgel3_deploy.cli.output import emit_table


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
