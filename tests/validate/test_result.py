"""The verdict: each comparison by itself makes a validation fail, whatever the others say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgel3_deploy.validate.metrics import Difference
from edgel3_deploy.validate.result import InputResult, LabelScores, Report
from tests.report.sample import sample_report

WRONG = Difference(window=4, element=0, expected=1, got=2)
INPUTS = InputResult(elements=3200, differences=(), counter=10, inexact=0, largest=0)
LABELS = LabelScores(("dog",), np.zeros((5, 1), np.int8), differing_windows=0)


@pytest.fixture
def right() -> Report:
    """Every comparison that there is, and nothing differs."""
    return replace(sample_report(), inputs=INPUTS, labels=LABELS)


def test_what_differs_nowhere_passes(right: Report) -> None:
    assert right.verdict == "pass"
    assert right.bit_exact


def test_without_front_end_and_head_there_is_less_to_compare(right: Report) -> None:
    assert replace(right, inputs=None, labels=None).verdict == "pass"


def test_layers_that_were_not_compared_are_not_held_against_it(right: Report) -> None:
    layers = tuple(replace(layer, differing_windows=None) for layer in right.layers)
    assert replace(right, layers=layers).verdict == "pass"


def test_one_element_of_an_output_fails_though_every_layer_is_right(right: Report) -> None:
    report = replace(right, differences=(WRONG,))
    assert report.verdict == "fail"
    assert not report.bit_exact


def test_one_element_of_an_input_fails(right: Report) -> None:
    assert replace(right, inputs=replace(INPUTS, differences=(WRONG,))).verdict == "fail"


def test_one_window_of_a_layer_fails(right: Report) -> None:
    first, *others = right.layers
    assert replace(right, layers=(replace(first, differing_windows=1), *others)).verdict == "fail"


def test_one_window_of_the_scores_fails(right: Report) -> None:
    assert replace(right, labels=replace(LABELS, differing_windows=1)).verdict == "fail"
