"""Labels of a board with a head, against the head's numpy twin."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.errors import LinkError
from edgel3_deploy.head.network import run_head
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.report.console import summary
from edgel3_deploy.report.html_report import to_html
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.validate import validate_build
from tests.head.heads import random_head, small_head
from tests.validate.prepared import EMBEDDING, board_for

LABELS = ("car <horn>", "dog", "rain")


@pytest.fixture
def with_head(build: PreparedBuild) -> PreparedBuild:
    """The build with a head of random weights."""
    network = random_head((EMBEDDING, 6, 3), "softmax")
    head = small_head(network, labels=LABELS, model_sha256=build.manifest.model_sha256)
    return dataclasses.replace(build, head=head)


def scores_of(build: PreparedBuild, output: bytes) -> bytes:
    assert build.head is not None
    return run_head(build.head.network, np.frombuffer(output, np.int8)[np.newaxis]).tobytes()


def test_right_labels_pass(with_head: PreparedBuild, recording: Path) -> None:
    with board_for(with_head, head=lambda output: scores_of(with_head, output)) as board:
        report = validate_build(with_head, board.path, [recording])
    assert report.verdict == "pass" and report.labels is not None
    assert report.labels.scores.shape == (8, 3) and report.labels.differing_windows == 0
    content = to_json(report)["labels"]
    assert content["names"] == list(LABELS)
    assert sum(content["mean_probabilities"][0]) == pytest.approx(1, abs=0.02)
    assert any("scores of 3 labels equal" in line for line in summary(report))
    page = to_html(report)
    assert "car &lt;horn&gt;" in page and "car <horn>" not in page


def test_wrong_labels_fail_though_the_embedding_is_right(with_head: PreparedBuild, recording: Path) -> None:
    with board_for(with_head, head=lambda output: scores_of(with_head, output)[::-1]) as board:
        report = validate_build(with_head, board.path, [recording])
    assert report.bit_exact and report.verdict == "fail"
    assert report.labels is not None and report.labels.differing_windows > 0
    assert any("NOT bit-exact: scores" in line for line in summary(report))


def test_another_number_of_labels_is_no_result(with_head: PreparedBuild, recording: Path) -> None:
    with (
        board_for(with_head, head=lambda output: output[:2]) as board,
        pytest.raises(LinkError, match="2 label scores, and its build 3"),
    ):
        validate_build(with_head, board.path, [recording])
