"""Tasks in processes: what dies, what is left behind, and what is never imported."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.embedding.batch import Outcome, Task, embed_all
from edgel3_deploy.embedding.processes import in_processes, usable_cores
from edgel3_deploy.errors import UsageError
from edgel3_deploy.progress import Progress, silent

TASKS = [Task(Path(f"{name}.wav"), Path(f"{name}.npz")) for name in "abcd"]


@dataclass(frozen=True)
class Told:
    """Stands for a job: tells the process it ran in, ends it for `fatal`, raises for `unwritable`."""

    fatal: str = ""
    unwritable: str = ""

    def __call__(self, task: Task, progress: Progress = silent) -> Outcome:
        if task.recording.stem == self.fatal:
            os._exit(1)
        if task.recording.stem == self.unwritable:
            raise UsageError("the disk is full", "Make room.")
        return Outcome(task, warnings=(str(os.getpid()),))


def processes(job: Any, count: int) -> set[str]:
    return {outcome.warnings[0] for outcome in embed_all(job, TASKS, in_processes(count))}


def test_outcomes_come_in_the_order_of_tasks_whoever_did_them() -> None:
    job: Any = Told()
    outcomes = embed_all(job, TASKS, in_processes(2))
    assert [outcome.task for outcome in outcomes] == TASKS
    assert str(os.getpid()) not in {outcome.warnings[0] for outcome in outcomes}
    assert processes(Told(), 1) == {str(os.getpid())}
    assert multiprocessing.active_children() == []
    assert usable_cores() >= 1


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(UsageError, match="ended from outside") as caught:
        processes(Told(fatal="c"), 2)
    assert "--jobs" in caught.value.hint
    assert multiprocessing.active_children() == []


def test_an_error_that_holds_for_all_ends_the_run_with_its_hint() -> None:
    with pytest.raises(UsageError, match="the disk is full") as caught:
        processes(Told(unwritable="b"), 2)
    assert caught.value.hint == "Make room."


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs PYTHONSAFEPATH")
def test_files_in_the_current_folder_are_not_imported(
    tmp_path: Path, recordings: Path, tflite: Path, repository: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for module in ("multiprocessing", "numpy", "threadpoolctl", "soundfile"):
        (here / f"{module}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')")
    program = tmp_path / "program.py"
    program.write_text("from edgel3_deploy.cli.main import main\nif __name__ == '__main__':\n    main()\n")
    options = ["embed", str(recordings), "-o", str(tmp_path / "out"), "-m", str(tflite), "-j", "2"]
    subprocess.run(
        [sys.executable, str(program), *options],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=True,
        capture_output=True,
    )
    assert not (tmp_path / "imported").exists()
