"""Validation from PCM: the board's own input decides too, and the first boundary that differs is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.protocol import ErrorCode
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.report.console import summary
from edgel3_deploy.report.html_report import to_html
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.report.markdown import to_markdown
from edgel3_deploy.validate import validate_build
from edgel3_deploy.validate.metrics import Difference
from edgel3_deploy.validate.trace import LayerDifference, first_difference
from tests.validate.prepared import board_for, numpy_front_end, numpy_layers, prepared_build


@pytest.fixture
def hearing(tmp_path: Path) -> PreparedBuild:
    """A build whose image has a front end."""
    return prepared_build(tmp_path, front_end=True)


def _wrong_in(build: PreparedBuild, window: int, element: int) -> Callable[[bytes], bytes]:
    """A front end with one element of one window a step too high."""
    right = numpy_front_end(build)
    windows: list[bytes] = []

    def hear(pcm: bytes) -> bytes:
        windows.append(pcm)
        found = np.frombuffer(right(pcm), np.int8).copy()
        found[element] += int(len(windows) == window + 1)
        return found.tobytes()

    return hear


def test_a_board_that_hears_right_passes(hearing: PreparedBuild, recording: Path) -> None:
    with board_for(hearing) as board:
        report = validate_build(hearing, board.path, [recording])
    assert (report.verdict, report.first_difference) == ("pass", "")
    assert report.inputs is not None
    assert (report.inputs.elements, report.inputs.differences) == (8 * 64 * 50, ())
    assert report.inputs.inexact <= 0.0001 * report.inputs.elements
    assert "load_input" not in board.requests
    assert any("bit-exact from PCM: all 25,600 elements" in line for line in summary(report))
    assert to_json(report)["input"]["differences"]["count"] == 0
    assert "made on the board and by its twin" in to_html(report)


@pytest.mark.parametrize("streams, chunks", [(True, 32 + 2 * 4), (False, 3 * 32)])
def test_a_front_end_that_loses_its_memory_gets_every_window_whole(
    tmp_path: Path, recording: Path, streams: bool, chunks: int
) -> None:
    """0.1 s are 4 chunks of a second's 32."""
    build = prepared_build(tmp_path, front_end=True, streams=streams)
    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], limit=3)
    assert report.verdict == "pass"
    assert board.requests.count("load_audio") == chunks
    assert report.inputs is not None
    assert (report.inputs.streamed, report.inputs.begun_anew) == (2 * streams, 0)
    assert not any("OUT_OF_RANGE" in warning for warning in report.warnings)


def test_a_stream_that_the_sensor_took_back_begins_anew(
    hearing: PreparedBuild, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board_for(hearing) as board:
        run = board._run

        def run_and_take_back(values: Mapping[str, Value]) -> Mapping[str, Value] | ErrorCode:
            board._pcm = b""
            return run(values)

        monkeypatch.setattr(board, "_run", run_and_take_back)
        report = validate_build(hearing, board.path, [recording], limit=3)
    assert report.verdict == "pass"
    assert report.windows == 3
    assert report.inputs is not None
    assert (report.inputs.streamed, report.inputs.begun_anew) == (2, 2)
    assert to_json(report)["input"]["stream"] == {"windows": 2, "begun_anew": 2}
    (warning,) = [warning for warning in report.warnings if "OUT_OF_RANGE" in warning]
    assert warning.startswith("2 of 2 windows were to go on from the one before")
    assert warning in to_json(report)["warnings"]
    for page in (to_html(report), to_markdown(report)):
        assert "the board wanted them whole (OUT" in page.replace("\\_", "_")


def test_a_wrong_input_element_fails_and_is_named(hearing: PreparedBuild, recording: Path) -> None:
    with board_for(hearing, front_end=_wrong_in(hearing, 1, 12 * 50 + 7)) as board:
        report = validate_build(hearing, board.path, [recording], limit=3, every_layer=True)
    assert report.verdict == "fail"
    assert report.inputs is not None
    (difference,) = report.inputs.differences
    assert (difference.window, difference.element) == (1, 607)
    assert difference.got == difference.expected + 1
    assert report.first_difference.startswith("window 1: the int8 input differs in band 12 (around ")
    assert "frame 7 (at 140 ms)" in report.first_difference
    assert "+0.30 dB" in report.first_difference
    assert any(line.startswith("input    NOT bit-exact from PCM: 1 of 9,600") for line in summary(report))
    assert "Fail: the input differs" in to_html(report)


def test_a_wrong_layer_behind_a_right_input_is_named(hearing: PreparedBuild, recording: Path) -> None:
    right = numpy_layers(hearing)

    def wrong_second_layer(data: bytes) -> Sequence[bytes]:
        outputs = right(data)
        return [outputs[0], bytes(len(outputs[1])), *outputs[2:]]

    with board_for(hearing, layers=wrong_second_layer) as board:
        report = validate_build(hearing, board.path, [recording], limit=1)
    name = hearing.network.layers[1].name
    assert report.first_difference.startswith(f"window 0: the output of {name} differs: expected CRC-32 0x")


def test_without_a_front_end_the_host_makes_the_input(build: PreparedBuild, recording: Path) -> None:
    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], limit=1)
    assert report.inputs is None
    assert "load_audio" not in board.requests
    assert to_json(report)["input"] is None


def test_the_earliest_window_comes_first_then_the_earliest_boundary(build: PreparedBuild) -> None:
    inputs, outputs = [Difference(3, 0, 1, 2)], [Difference(2, 5, 1, 2)]
    layer = LayerDifference(2, "conv1", 1, 2)
    assert first_difference(build.network, inputs, layer, outputs).startswith("window 2: the output of conv1")
    assert first_difference(build.network, inputs, None, outputs).startswith("window 2: the embedding")
    assert first_difference(build.network, inputs, None, []).startswith("window 3: the int8 input")
    assert first_difference(build.network, [], None, []) == ""
