"""Joining a sensor, playing to one, and how a session ends."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from edgel3_deploy.errors import BadInputError, LinkError, UsageError
from edgel3_deploy.link.protocol import ErrorCode, SensorSource, SensorState
from edgel3_deploy.listen import session as module
from edgel3_deploy.listen.heard import Event, Heard, Summed
from edgel3_deploy.listen.session import listening
from edgel3_deploy.listen.sound import Pace
from edgel3_deploy.pipeline.prepared import PreparedBuild
from tests.listen.sensor import HELD, LABELS, SensorBoard, a_record, a_summary
from tests.validate.prepared import prepared_build


def listen(build: PreparedBuild, board: SensorBoard, *, take: dict[str, Any], **options: Any) -> list[Event]:
    with listening(build, board.path, **options) as heard:
        return list(heard.events(**take))


def sequences(events: list[Event]) -> list[int]:
    return [event.record.sequence for event in events if isinstance(event, Heard)]


def test_a_running_sensor_is_joined_from_its_newest_record_on(build: PreparedBuild) -> None:
    with SensorBoard(build, windows=40) as board:
        events = listen(build, board, take={"windows": 3})
    assert sequences(events) == [40, 41, 42]
    assert board.sources == []
    first = events[0]
    assert isinstance(first, Heard)
    assert first.sensor.labels == LABELS and first.present == ("dog",)
    assert first.levels is not None and first.levels["laeq"] == -30.0
    assert first.seconds == 41.0 and first.timestamp == 40.5
    assert first.scores.tolist() == [10 / 256, 228 / 256, 18 / 256]
    assert first.share is None, "a pseudo-terminal's board has no model of time"
    output = build.network.output
    assert first.embedding[:2].tolist() == pytest.approx(
        [(value - output.zero_point) * output.scale for value in (40, 41)]
    )


def test_seconds_of_sound_end_it(build: PreparedBuild) -> None:
    with SensorBoard(build) as board:
        assert len(listen(build, board, take={"seconds": 4})) == 4


def test_records_that_the_board_no_longer_holds_are_counted(build: PreparedBuild) -> None:
    with SensorBoard(build, windows=4) as board, listening(build, board.path) as heard:
        events = heard.events(windows=2)
        first = next(events)
        board._windows = 20
        second = next(events)
    assert isinstance(first, Heard) and isinstance(second, Heard)
    assert (first.missed, second.missed) == (0, second.record.sequence - first.record.sequence - 1)
    assert second.missed > 10


def test_what_is_played_over_the_link_is_the_recording_in_16_bits(
    build: PreparedBuild, recording: Path
) -> None:
    with (
        SensorBoard(build, has_microphone=False) as board,
        listening(build, board.path, audio=recording) as heard,
    ):
        events = list(heard.events())
        assert heard.played is not None
        pcm = heard.played.pcm
    assert sequences(events) == [0, 1, 2]
    assert board.sources == [SensorSource.LINK] * 2
    assert pcm.dtype == np.int16 and len(pcm) == 3.5 * 48_000
    assert board.played == pcm.astype("<i2").tobytes()


def test_the_microphone_has_the_sensor_again_afterwards(build: PreparedBuild, recording: Path) -> None:
    with SensorBoard(build) as board:
        listen(build, board, take={"windows": 1}, audio=recording)
        listen(build, board, take={}, audio=recording)
        assert board.sources == [SensorSource.LINK, SensorSource.LINK, SensorSource.MICROPHONE] * 2


@pytest.mark.parametrize("ended_by", [KeyboardInterrupt, OSError("no space left"), GeneratorExit])
def test_the_microphone_has_it_again_whatever_ends_the_session(
    build: PreparedBuild, recording: Path, ended_by: BaseException | type[BaseException]
) -> None:
    """Also while somebody still holds the events."""
    with SensorBoard(build) as board:
        with (
            pytest.raises((KeyboardInterrupt, OSError, GeneratorExit)),
            listening(build, board.path, audio=recording) as heard,
        ):
            events = heard.events()
            next(events)
            raise ended_by
        assert board.sources == [SensorSource.LINK, SensorSource.LINK, SensorSource.MICROPHONE]
        del events


def test_a_recording_that_cannot_be_read_leaves_the_microphone_alone(
    build: PreparedBuild, tmp_path: Path
) -> None:
    path = tmp_path / "none.wav"
    path.write_bytes(b"no sound")
    with SensorBoard(build) as board:
        with pytest.raises(BadInputError), listening(build, board.path, audio=path):
            pass
        assert board.sources == []


def test_a_setting_that_is_refused_gives_the_microphone_back(build: PreparedBuild, recording: Path) -> None:
    with SensorBoard(build, refuse={"write_setting": ErrorCode.FLASH_FAILED}) as board:
        with (
            pytest.raises(LinkError, match="takes no settings"),
            listening(build, board.path, audio=recording, changes={"hop": 500}),
        ):
            pass
        assert board.sources == [SensorSource.LINK, SensorSource.MICROPHONE]


def test_who_left_a_sensor_playing_is_cleared_away(build: PreparedBuild) -> None:
    with SensorBoard(build, state=SensorState.PLAYING) as board:
        assert sequences(listen(build, board, take={"windows": 2})) == [0, 1]
        assert board.sources == [SensorSource.MICROPHONE]


def test_paced_playing_takes_its_time(
    build: PreparedBuild, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(Pace, "wait", lambda _self, samples: waits.append(samples))
    with SensorBoard(build) as board:
        listen(build, board, take={}, audio=recording, paced=True)
    assert waits[0] == 256 and waits[-1] == 3.5 * 48_000


def test_a_short_recording_has_silence_behind_it(build: PreparedBuild, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "click.wav", np.full(100, 0.5), 8_000)
    with SensorBoard(build) as board, listening(build, board.path, audio=tmp_path / "click.wav") as heard:
        assert sequences(list(heard.events())) == [0]
        assert heard.played is not None
        assert any("shorter than a window" in warning for warning in heard.played.warnings)


def test_settings_are_written_before_anything_is_heard(build: PreparedBuild) -> None:
    with SensorBoard(build) as board, listening(build, board.path, changes={"hop": 500}) as heard:
        assert heard.former["hop"].value == 1000 and heard.settings["hop"].value == 500
        assert board.values[1] == 500
        assert set(heard.settings) == {"hop"}
    with SensorBoard(build) as board, listening(build, board.path, all_settings=True) as heard:
        assert len(heard.settings) == 71 and heard.settings["threshold_on.31"].value == 128


def test_a_summary_is_told_once(build: PreparedBuild) -> None:
    with SensorBoard(build, summary=a_summary()) as board:
        events = listen(build, board, take={"windows": 6})
    told = [event for event in events if isinstance(event, Summed)]
    assert len(told) == 1
    assert told[0].payload == a_summary()
    assert told[0].values["node_id"] == 7 and told[0].values["label_shares"] == [0, 90, 5]


def test_a_summary_that_none_is_ends_it(build: PreparedBuild) -> None:
    with SensorBoard(build, summary=b"no summary") as board, pytest.raises(LinkError, match="a summary: "):
        listen(build, board, take={"windows": 6})


def test_a_board_without_microphone_hears_nothing_by_itself(build: PreparedBuild) -> None:
    with SensorBoard(build, has_microphone=False) as board, pytest.raises(UsageError, match="no microphone"):
        listen(build, board, take={})


def test_a_build_without_front_end_is_refused_before_the_port_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no front end"), listening(prepared_build(tmp_path), "/dev/null"):
        pass


def test_other_arrays_than_the_build_has_are_refused(build: PreparedBuild) -> None:
    other = dataclasses.replace(build, head=None)
    with SensorBoard(build) as board, pytest.raises(LinkError, match=r"3 labels .* its build 0"):
        listen(other, board, take={})


def test_a_sensor_that_stands_still_is_told(build: PreparedBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STALL_SECONDS", 0.2)
    with SensorBoard(build, last=0) as board, pytest.raises(LinkError, match="stands still"):
        listen(build, board, take={})


def test_a_virtual_board_s_recording_ends(build: PreparedBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_THROUGH_SECONDS", 0.2)
    with SensorBoard(build, last=3) as board:
        assert len(listen(build, board, take={})) == 3


def test_a_resting_sensor_is_waited_for(build: PreparedBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STALL_SECONDS", 0.1)
    with (
        SensorBoard(build, windows=5, state=SensorState.RESTING) as board,
        listening(build, board.path) as heard,
    ):
        events = heard.events(windows=2)
        assert isinstance(next(events), Heard)
        threading.Timer(0.5, setattr, (board, "_state", SensorState.LISTENING)).start()
        assert isinstance(next(events), Heard)


def test_a_pulled_cable_ends_it_with_what_was_heard(build: PreparedBuild) -> None:
    events: list[Event] = []
    with (
        SensorBoard(build, unplug_at=80) as board,
        pytest.raises(LinkError, match="unplugged"),
        listening(build, board.path) as heard,
    ):
        for event in heard.events():
            events.append(event)
    assert len(events) > 2


def test_a_restart_is_told_with_its_cause(build: PreparedBuild) -> None:
    with SensorBoard(build, restart_at=80) as board, pytest.raises(LinkError, match="cause: WATCHDOG"):
        listen(build, board, take={})


def test_a_record_of_another_number_is_refused(build: PreparedBuild) -> None:
    with (
        SensorBoard(build, records=lambda sequence: a_record(sequence + 1)) as board,
        pytest.raises(LinkError, match="record 1 where 0 was asked for"),
    ):
        listen(build, board, take={})


def test_a_sensor_that_begins_anew_is_told(build: PreparedBuild) -> None:
    with (
        SensorBoard(build, windows=40) as board,
        pytest.raises(LinkError, match="began anew: it has made 3 records where 41 were read"),
        listening(build, board.path) as heard,
    ):
        for _ in heard.events():
            board._windows = 2


def test_records_that_are_always_gone_before_they_are_read_end_it(build: PreparedBuild) -> None:
    class Hasty(SensorBoard):
        def _read_record(self, values: Any) -> Any:
            self._windows += 2 * HELD
            return super()._read_record(values)

    with Hasty(build) as board, pytest.raises(LinkError, match="faster than they can be read"):
        listen(build, board, take={"windows": 5})
