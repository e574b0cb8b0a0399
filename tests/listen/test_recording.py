"""Recordings: what is in them, and that interruptions lose nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.embedding.files import read_embedding
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.graph.ir import Tensor
from edgel3_deploy.link.summary import decode_summary
from edgel3_deploy.listen.heard import Event, Sensor, Summed
from edgel3_deploy.listen.journal import NpzRecording, journal_path, recover
from edgel3_deploy.listen.recording import recordings, require_recordings
from tests.listen.sensor import LABELS, a_sensor, a_summary, a_window

SUMMED = Summed(1_700_000_000.0, a_summary(), decode_summary(a_summary()))


def record(path: Path, events: list[Event], sensor: Sensor | None = None) -> None:
    with recordings([path], sensor or a_sensor()) as (file,):
        for event in events:
            file.add(event)


def test_json_lines_hold_all_of_a_record(tmp_path: Path) -> None:
    record(tmp_path / "a.jsonl", [a_window(3, missed=1), SUMMED])
    sensor, window, summary = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert sensor["type"] == "sensor" and sensor["labels"] == list(LABELS)
    assert window["type"] == "window" and window["received"] == "2023-11-14T22:13:23.000+00:00"
    assert (window["sequence"], window["seconds"], window["missed"]) == (3, 4.0, 1)
    assert window["levels"]["l90"] == -31.0
    assert window["scores"]["dog"] == 228 / 256 and window["present"] == ["dog"]
    assert window["embedding"] == list(a_window(3).record.embedding)
    scale, zero = sensor["embedding_scale"], sensor["embedding_zero_point"]
    assert (np.array(window["embedding"]) - zero) * scale == pytest.approx(a_window(3).embedding)
    assert summary["type"] == "summary" and summary["node_id"] == 7
    assert bytes.fromhex(summary["payload"]) == a_summary()


def test_csv_has_a_row_a_window(tmp_path: Path) -> None:
    record(tmp_path / "a.csv", [a_window(0, has_levels=False), SUMMED, a_window(1, missed=4)])
    with (tmp_path / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["laeq dB"] for row in rows] == ["", "-30.00"]
    assert [row["missed"] for row in rows] == ["0", "4"]
    assert rows[1]["score car <horn>"] == "0.0391" and rows[1]["present"] == "dog"


def test_npz_is_the_edgel3_package_s(tmp_path: Path) -> None:
    record(tmp_path / "a.npz", [a_window(0), SUMMED, a_window(1)])
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive.files) == ["embedding", "timestamps"]
        assert archive["embedding"].dtype == np.float32 and archive["embedding"].shape == (2, 8)
        assert archive["timestamps"].tolist() == [0.5, 1.5]
        assert archive["embedding"][1].tolist() == a_window(1).embedding.tolist()
    assert not journal_path(tmp_path / "a.npz").exists()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_what_was_heard_is_in_the_file_at_once(tmp_path: Path, name: str) -> None:
    with recordings([tmp_path / name], a_sensor()) as (file,):
        for sequence in range(3):
            file.add(a_window(sequence))
            assert len((tmp_path / name).read_text().splitlines()) == 2 + sequence


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_a_recording_is_continued_without_the_line_that_was_torn(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    record(path, [a_window(0), a_window(1)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    record(path, [a_window(2)])
    lines = path.read_text().splitlines()
    assert lines[:2] == whole.decode().splitlines()[:2]
    number = json.loads(lines[-1])["sequence"] if name == "a.jsonl" else int(lines[-1].split(",")[1])
    assert number == 2
    assert len(lines) == (4 if name == "a.jsonl" else 3)


def test_a_killed_session_leaves_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    killed = NpzRecording(path, a_sensor())
    for sequence in range(3):
        killed.add(a_window(sequence))
    journal = journal_path(path)
    journal.write_bytes(journal.read_bytes()[:-5])
    assert not path.exists()
    assert recover(path) == 2
    assert read_embedding(path).timestamps.tolist() == [0.5, 1.5]
    assert not journal.exists()


def test_an_npz_is_continued_from_the_journal_or_from_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    killed = NpzRecording(path, a_sensor())
    killed.add(a_window(0))
    journal = journal_path(path)
    journal.write_bytes(journal.read_bytes() + b"torn")
    record(path, [a_window(1)])
    record(path, [a_window(2)])
    assert read_embedding(path).timestamps.tolist() == [0.5, 1.5, 2.5]


def test_an_error_in_the_middle_leaves_whole_files(tmp_path: Path) -> None:
    paths = [tmp_path / "a.npz", tmp_path / "a.jsonl"]
    with pytest.raises(KeyboardInterrupt), recordings(paths, a_sensor()) as files:
        for file in files:
            file.add(a_window(0))
        raise KeyboardInterrupt
    assert len(read_embedding(paths[0]).timestamps) == 1


def test_files_of_another_sensor_are_left_alone(tmp_path: Path) -> None:
    record(tmp_path / "a.csv", [a_window(0)])
    record(tmp_path / "a.npz", [a_window(0)])
    other = a_sensor(labels=("dog", "cat", "cow"), output=Tensor(0, "embedding", (4,), 0.5, 0))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="other columns"):
        record(tmp_path / "a.csv", [], other)
    with pytest.raises(UsageError, match="embeddings of 8 elements, not 4"):
        record(tmp_path / "a.npz", [], other)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(tmp_path.iterdir()) == sorted(before)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK nonsense")
    with pytest.raises(BadInputError, match="no embeddings"):
        record(tmp_path / "a.npz", [])
    (tmp_path / "b.npz.part").write_bytes(b"nonsense")
    with pytest.raises(BadInputError, match="not the journal of a recording"):
        recover(tmp_path / "b.npz")
    with pytest.raises(BadInputError, match="cannot be read"):
        recover(tmp_path / "c.npz")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    for suffix in ("jsonl", "csv", "npz"):
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match="cannot be written"):
            record(tmp_path / "file" / f"a.{suffix}", [])


@pytest.mark.parametrize(
    ("paths", "inputs", "problem"),
    [
        (["a.txt"], [], "what kind of recording"),
        (["a.csv", "a.csv"], [], "given twice"),
        (["a.npz"], ["a.npz"], "given twice"),
    ],
)
def test_names_that_cannot_be_meant(paths: list[str], inputs: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        require_recordings([Path(path) for path in paths], [Path(path) for path in inputs])
