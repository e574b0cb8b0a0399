"""Validation against a fake board: what passes, what fails and where, and what ends it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.errors import BadInputError, LinkError
from edgel3_deploy.link.protocol import CounterUnit, ErrorCode
from edgel3_deploy.pipeline.order import PIXELS, Order
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.report import write_report
from edgel3_deploy.validate import session as session_module
from edgel3_deploy.validate import validate_build
from edgel3_deploy.validate.metrics import Difference, fidelity
from tests.link.fake_board import FakeBoard
from tests.link.fake_loader import FakeLoaderBoard
from tests.validate.prepared import EMBEDDING, board_for, numpy_layers, prepared_build


def test_a_board_that_computes_right_passes(build: PreparedBuild, recording: Path) -> None:
    steps: list[tuple[str, int, int]] = []

    def progress(stage: str, done: int = 0, total: int = 0) -> None:
        steps.append((stage, done, total))

    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], progress=progress)
    assert (report.verdict, report.bit_exact, report.windows) == ("pass", True, 8)
    assert report.reference in ("TFLite Micro", "TFLite Micro's arithmetic in numpy")
    assert [layer.differing_windows for layer in report.layers] == [0] * 5
    assert report.outputs.embeddings.shape == (8, 8)
    assert report.outputs.embeddings.std() > 0
    np.testing.assert_allclose(report.outputs.timestamps, np.arange(8) * 0.1)
    assert report.fidelity is not None and len(report.fidelity.cosines) == 8
    assert report.worst is not None and report.worst.float_embedding is not None
    pair = (report.worst.float_embedding[np.newaxis], report.worst.board_embedding[np.newaxis])
    assert fidelity(*pair).cosine_min == pytest.approx(report.fidelity.cosine_min)
    assert report.fidelity.cosine_min < report.fidelity.cosine_median
    assert report.device.memory.stack_peak == 708
    assert report.warnings == ("calibrated on generated sounds",)
    assert ("validating windows", 8, 8) in steps


def test_recordings_that_leave_the_embeddings_range_are_named(build: PreparedBuild, tmp_path: Path) -> None:
    import soundfile

    for name in ("a", "b", "c", "d"):
        soundfile.write(tmp_path / f"{name}.wav", np.random.default_rng(7).normal(0, 0.1, 8_000), 8_000)
    right = numpy_layers(build)

    def loud(data: bytes) -> Sequence[bytes]:
        *before, last = right(data)
        return [*before, b"\x7f" + last[1:]]

    with board_for(build, layers=loud) as board:
        report = validate_build(build, board.path, [tmp_path], hop_seconds=1.0)
    assert report.warnings[-1] == (
        "in 8 of 8 windows the embedding reaches the end of its int8 range, where values are clipped: "
        "a.wav, b.wav, c.wav and 1 more (calibrate with such sounds)"
    )


def test_the_layer_counters_are_medians_and_a_pseudo_terminal_means_no_time(
    build: PreparedBuild, recording: Path
) -> None:
    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], limit=2)
    assert [layer.counter for layer in report.layers] == [1000, 2000, 3000, 4000, 5000]
    assert report.counter == 15_000
    assert report.device.body == "unicorn"
    assert not report.device.counter_is_meaningful


def test_qemu_counts_instructions(tmp_path: Path, recording: Path) -> None:
    build = prepared_build(tmp_path, board="mps2-an500")
    with board_for(build, counter_unit=CounterUnit.INSTRUCTIONS) as board:
        report = validate_build(build, board.path, [recording], limit=1)
    assert report.device.body == "qemu"
    assert report.device.counts_instructions and report.device.counter_is_meaningful


def test_a_wrong_output_element_is_found_and_named(build: PreparedBuild, recording: Path) -> None:
    right = numpy_layers(build)
    calls = []

    def wrong_in_the_third_window(data: bytes) -> Sequence[bytes]:
        calls.append(data)
        outputs = list(right(data))
        if len(calls) == 3:
            last = bytearray(outputs[-1])
            last[5] ^= 1
            outputs[-1] = bytes(last)
        return outputs

    with board_for(build, layers=wrong_in_the_third_window) as board:
        report = validate_build(build, board.path, [recording], limit=4)
    assert (report.verdict, report.bit_exact) == ("fail", False)
    (difference,) = report.differences
    assert isinstance(difference, Difference)
    assert (difference.window, difference.element) == (2, 5)
    assert difference.got == report.outputs.embeddings[2, 5] != difference.expected
    assert [layer.differing_windows for layer in report.layers] == [0, 0, 0, 0, 1]
    assert report.layer_windows == 2, "the first window, and the one that differs"


def test_a_wrong_layer_behind_a_right_output_fails(build: PreparedBuild, recording: Path) -> None:
    right = numpy_layers(build)

    def wrong_first_layer(data: bytes) -> Sequence[bytes]:
        outputs = right(data)
        return [bytes(len(outputs[0])), *outputs[1:]]

    with board_for(build, layers=wrong_first_layer) as board:
        report = validate_build(build, board.path, [recording], limit=3)
    assert report.bit_exact
    assert report.verdict == "fail"
    assert [layer.differing_windows for layer in report.layers] == [1, 0, 0, 0, 0]
    assert report.layer_windows == 1


def test_a_runtime_that_hides_its_layers_is_judged_by_its_output(
    build: PreparedBuild, recording: Path
) -> None:
    hidden = {"read_checksums": ErrorCode.NOT_SUPPORTED, "read_timing": ErrorCode.NOT_SUPPORTED}
    with board_for(build, refuse=hidden) as board:
        report = validate_build(build, board.path, [recording], limit=3)
    assert report.verdict == "pass"
    assert {layer.differing_windows for layer in report.layers} == {None}
    assert {layer.counter for layer in report.layers} == {None}
    assert "does not show the outputs of its layers" in report.layer_note


def test_without_a_float_network_there_are_no_metrics(tmp_path: Path, recording: Path) -> None:
    build = prepared_build(tmp_path, with_float=False)
    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], limit=1)
    assert report.fidelity is None
    assert "no float network" in report.fidelity_note
    assert report.example.float_embedding is None


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({"model_sha256": bytes(32)}, "the board runs another model"),
        ({"build_id": bytes(32)}, "the board runs another build"),
        ({"board": "stm32h7"}, "is stm32h7, not stm32f7"),
        ({"layer_count": 3}, r"other sizes: .* \(3200, 8, 3\), not \(3200, 8, 5\)"),
    ],
)
def test_a_board_that_runs_something_else_is_to_be_flashed(
    build: PreparedBuild, recording: Path, identity: dict[str, object], message: str
) -> None:
    with (
        board_for(build, identity=identity) as board,
        pytest.raises(LinkError, match=message) as caught,
    ):
        validate_build(build, board.path, [recording])
    assert "edgel3-deploy flash" in caught.value.hint or "--board" in caught.value.hint


def test_a_board_that_waits_in_its_loader_says_why(build: PreparedBuild, recording: Path) -> None:
    with FakeLoaderBoard(build.board) as board:
        with pytest.raises(
            LinkError, match=r"waits in its loader: there is no application.*NO_IMAGE"
        ) as caught:
            validate_build(build, board.path, [recording])
        assert f"edgel3-deploy flash --board stm32f7 --port {board.path}" in caught.value.hint


def test_a_board_that_falls_silent_in_its_first_run_is_noticed_by_the_schedules_deadline(
    build: PreparedBuild, recording: Path
) -> None:
    # hello, identify, read_memory and seven chunks of input come first.
    started = time.monotonic()
    with (
        board_for(build, lose=frozenset(range(9, 100))) as board,
        pytest.raises(LinkError, match=r"stopped answering \(request 'run'\)"),
    ):
        validate_build(build, board.path, [recording])
    assert time.monotonic() - started < 100


def test_the_port_that_looks_like_the_board_is_found(
    build: PreparedBuild, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board_for(build) as board:
        monkeypatch.setattr(session_module, "find_port", lambda wanted: {build.board: board.path}[wanted])
        assert validate_build(build, "auto", [recording], limit=1).verdict == "pass"


def test_a_board_that_restarts_in_the_middle_says_why(build: PreparedBuild, recording: Path) -> None:
    words = r"restarted in the middle \(cause: WATCHDOG, 1 by watchdog.*fault on record: .*pc=0x08004321"
    with board_for(build, restart_at=20) as board, pytest.raises(LinkError, match=words) as caught:
        validate_build(build, board.path, [recording])
    assert "addr2line" in caught.value.hint


def test_a_board_unplugged_in_the_middle_ends_it(build: PreparedBuild, recording: Path) -> None:
    with board_for(build, unplug_at=20) as board, pytest.raises(LinkError, match="unplugged"):
        validate_build(build, board.path, [recording])


def test_a_bad_recording_is_refused_before_the_port_is_opened(build: PreparedBuild, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nowhere\.wav"):
        validate_build(build, "/dev/no-such-port", [tmp_path / "nowhere.wav"])


def test_a_virtual_board_that_was_never_flashed(build: PreparedBuild, recording: Path) -> None:
    with pytest.raises(LinkError, match="was never flashed") as caught:
        validate_build(build, "virtual", [recording])
    assert "edgel3-deploy flash --board stm32f7 --port virtual" in caught.value.hint


def test_layers_shown_in_another_order_are_compared_in_that_order(tmp_path: Path, recording: Path) -> None:
    orders = (Order("columns"), Order("rows", (3,)), PIXELS, Order("rows"), PIXELS)
    build = prepared_build(tmp_path, orders=orders)
    with board_for(build) as board:
        assert validate_build(build, board.path, [recording], limit=1).verdict == "pass"
    as_in_memory = prepared_build(tmp_path)
    with board_for(build) as board:
        report = validate_build(as_in_memory, board.path, [recording], limit=1)
    assert [layer.differing_windows for layer in report.layers] == [1, 1, 0, 0, 0], "one pixel has no order"


def test_layers_are_compared_in_every_window_if_asked_for(build: PreparedBuild, recording: Path) -> None:
    with board_for(build) as board:
        report = validate_build(build, board.path, [recording], limit=3, every_layer=True)
    assert (report.windows, report.layer_windows) == (3, 3)


def test_inputs_that_never_vary_are_told(tmp_path: Path) -> None:
    build = prepared_build(tmp_path)
    np.save(tmp_path / "a.npy", np.full((3, 64, 50, 1), -128, np.int8))
    with board_for(build) as board:
        report = validate_build(build, board.path, [], inputs=tmp_path / "a.npy")
    assert report.verdict == "pass"
    assert (report.front_end, report.outputs.embeddings.shape) == ("", (3, EMBEDDING))
    assert any("every element of every input is the same" in warning for warning in report.warnings)
    content = write_report(report, tmp_path / "report")
    assert content["verdict"] == "pass"


def test_a_stack_that_was_used_to_its_end_is_told(build: PreparedBuild, recording: Path) -> None:
    class Full(FakeBoard):
        def _read_memory(self, values: object) -> dict[str, int]:
            return {"stack_peak": 4096, "stack_size": 4096, "data_size": 352, "arena_size": 204_800}

    board = board_for(build)
    board.__class__ = Full
    with board:
        report = validate_build(build, board.path, [recording], limit=2)
    assert report.warnings[-1] == "all 4,096 bytes of the stack were used: raise stack_size in the board file"
