"""Tasks on a Dask cluster that is not well: failing tasks and dying workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.embedding.batch import Outcome, Task, embed_all
from edgel3_deploy.embedding.cluster import on_cluster
from edgel3_deploy.errors import UsageError
from edgel3_deploy.progress import Progress, silent

TASKS = [Task(Path(f"{name}.wav"), Path(f"{name}.npz")) for name in "abcd"]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask cluster on this machine, of one worker."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster is there, however busy the machine is."""
    monkeypatch.setattr("edgel3_deploy.embedding.cluster.CONNECT_SECONDS", 300)
    monkeypatch.setattr("edgel3_deploy.embedding.cluster.WORKER_SECONDS", 300)


@dataclass(frozen=True)
class Failing:
    """Stands for a job: fails for the recording b."""

    how: str

    def __call__(self, task: Task, progress: Progress = silent) -> Outcome:
        if task.recording.stem == "b":
            if self.how == "dies":
                os._exit(1)
            raise ValueError("odd") if self.how == "odd" else UsageError("the disk is full", "Make room.")
        return Outcome(task)


def errors(how: str, scheduler: str) -> list[str]:
    job: Any = Failing(how)
    outcomes = embed_all(job, TASKS, on_cluster(scheduler))
    assert [outcome.task for outcome in outcomes] == TASKS
    return [outcome.error for outcome in outcomes]


def test_a_task_that_fails_is_told_and_the_rest_go_on(scheduler: str) -> None:
    assert errors("odd", scheduler) == ["", "b.wav: failed on the cluster: ValueError: odd", "", ""]


def test_an_error_that_holds_for_all_ends_the_run(scheduler: str) -> None:
    with pytest.raises(UsageError, match="the disk is full") as caught:
        errors("full", scheduler)
    assert caught.value.hint == "Make room."


def test_a_recording_that_kills_workers_is_told(scheduler: str) -> None:
    assert errors("dies", scheduler)[1] == "b.wav: the workers that had it died, perhaps for want of memory"
