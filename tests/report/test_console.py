"""The console's lines say the verdict's reasons in words."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from edgel3_deploy.report.console import summary
from tests.report.sample import sample_report


def text(**options: Any) -> str:
    return "\n".join(summary(sample_report(**options)))


def test_a_pass_names_board_windows_and_reference() -> None:
    lines = text()
    assert "STM32F769I-DISCO (stm32f7), virtual board" in lines
    assert "5 of 2 recordings" in lines
    assert "bit-exact: all 40 elements equal TFLite Micro's" in lines
    assert "all 2 layers equal by checksum, in 2 windows" in lines
    assert "708 of 8,192 bytes" in lines


def test_a_failure_shows_the_first_elements() -> None:
    lines = text(wrong=((2, 5),))
    assert "NOT bit-exact: 1 of 40 elements in 1 window differ" in lines
    assert "the outputs of pool1 differ" in lines
    assert "window 2 element 5: expected" in lines


def test_speed_is_told_in_the_unit_of_the_device() -> None:
    assert "8,001,000 instructions per inference" in text(body="qemu")
    assert "37.04 ms per inference (8,001,000 cycles at 216 MHz)" in text(body="silicon")
    assert "not measured" in text(body="unicorn")


def test_without_a_float_network_the_reason_is_given() -> None:
    assert "not compared: no float network" in text(fidelity=None, fidelity_note="no float network")


def test_an_exact_float_match_has_no_noise() -> None:
    report = sample_report()
    assert report.fidelity is not None
    perfect = dataclasses.replace(report, fidelity=dataclasses.replace(report.fidelity, sqnr_db=math.inf))
    assert "SQNR without limit" in "\n".join(summary(perfect))


def test_hidden_layers_are_not_claimed_equal() -> None:
    report = sample_report(layer_note="hidden")
    layers = tuple(dataclasses.replace(layer, differing_windows=None) for layer in report.layers)
    assert "not compared (hidden)" in "\n".join(summary(dataclasses.replace(report, layers=layers)))
