"""Tasks: where outputs go, and how one bad recording ends."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from edgel3_deploy.audio.finding import search
from edgel3_deploy.embedding.batch import Job, Outcome, Task, embed_all, plan
from edgel3_deploy.embedding.files import Settings, is_current, read_embedding
from edgel3_deploy.embedding.model import EmbeddingModel
from edgel3_deploy.embedding.processes import in_processes
from edgel3_deploy.errors import BadInputError, UsageError


class TestPlan:
    def test_folders_are_mirrored_and_files_are_not(self, recordings: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        tasks = plan(search([recordings, recordings / "night" / "c.ogg"]), "x", out)
        assert [task.output for task in tasks] == [
            out / "a_x.npz",
            out / "b_x.npz",
            out / "night" / "c_x.npz",
        ]
        (task,) = plan(search([recordings / "night" / "c.ogg"]), None, out)
        assert task == Task(recordings / "night" / "c.ogg", out / "c.npz")
        (task,) = plan(search([recordings / "night"]))
        assert task.output == recordings / "night" / "c.npz"


class TestJob:
    def test_it_embeds_once(self, board_model: EmbeddingModel, recordings: Path, tmp_path: Path) -> None:
        job = pickle.loads(pickle.dumps(Job(board_model, Settings())))
        task = Task(recordings / "a.wav", tmp_path / "a.npz")
        assert job(task) == Outcome(task)
        assert job(task) == Outcome(task, kept=True)
        assert is_current(task.recording, task.output, board_model, Settings())
        assert not is_current(task.recording, task.output, board_model, Settings(center=False))
        assert not is_current(task.recording, tmp_path / "none.npz", board_model, Settings())
        assert len(read_embedding(task.output).timestamps) == 6

    def test_a_recording_that_vanished_is_told(self, board_model: EmbeddingModel, tmp_path: Path) -> None:
        task = Task(tmp_path / "gone.wav", tmp_path / "gone.npz")
        assert "gone.wav: cannot be read" in Job(board_model, Settings())(task).error

    def test_a_name_too_long_for_its_output_is_told(
        self, board_model: EmbeddingModel, recordings: Path, tmp_path: Path
    ) -> None:
        job = Job(board_model, Settings())
        assert not job(Task(recordings / "a.wav", tmp_path / f"{'n' * 250}.npz")).error
        assert "File name too long" in job(Task(recordings / "a.wav", tmp_path / f"{'n' * 252}.npz")).error

    def test_any_other_failure_is_told_too(
        self, board_model: EmbeddingModel, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> None:
            raise error

        monkeypatch.setattr("edgel3_deploy.embedding.batch.embed_file", fail)
        task = Task(recordings / "a.wav", tmp_path / "a.npz")
        error: Exception = MemoryError()
        assert "a.wav: not enough memory" in Job(board_model, Settings())(task).error
        error = ValueError("odd")
        assert "a.wav: internal error: ValueError: odd" in Job(board_model, Settings())(task).error

    def test_a_place_that_cannot_be_written_ends_the_run(
        self, board_model: EmbeddingModel, recordings: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        tasks = [Task(recordings / "a.wav", tmp_path / "file" / "a.npz")]
        with pytest.raises(UsageError, match="cannot be written"):
            embed_all(Job(board_model, Settings()), tasks, in_processes(1))


def test_what_is_no_embedding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(BadInputError, match="no embeddings"):
        read_embedding(path)
