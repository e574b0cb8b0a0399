"""Many recordings, each on its own: a bad one is told and the rest go on, and what is done is kept."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.audio.finding import Found
from edgel3_deploy.embedding.files import Settings, embed_file, is_current, output_name
from edgel3_deploy.embedding.model import EmbeddingModel
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.progress import Progress, silent


@dataclass(frozen=True)
class Task:
    """A recording, and where its embeddings go."""

    recording: Path
    output: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a task: embedded, `kept` from an earlier run, or an `error` in a line."""

    task: Task
    kept: bool = False
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """What is done with every task, in this process or another, here or on another machine."""

    model: EmbeddingModel
    settings: Settings

    def __call__(self, task: Task, progress: Progress = silent) -> Outcome:
        """Embed one recording, unless that was done before.

        Whatever is wrong with the recording goes into the outcome. Raises UsageError if the output cannot be
        written, which holds for the other tasks too.
        """
        if is_current(task.recording, task.output, self.model, self.settings):
            return Outcome(task, kept=True)
        try:
            embedding = embed_file(task.recording, task.output, self.model, self.settings, progress)
        except BadInputError as error:
            return Outcome(task, error=error.message)
        except MemoryError:
            return Outcome(task, error=f"{task.recording}: not enough memory")
        except UsageError as error:
            if getattr(error.__cause__, "errno", None) == errno.ENAMETOOLONG:
                return Outcome(task, error=error.message)
            raise
        except Exception as error:
            return Outcome(task, error=f"{task.recording}: internal error: {type(error).__name__}: {error}")
        return Outcome(task, warnings=embedding.warnings)


Mapper = Callable[[Job, Sequence[Task], Progress], Iterator[Outcome]]
"""Runs a job on tasks and gives the outcomes in any order; may tell how far it is within a single task."""


def plan(found: Found, suffix: str | None = None, output_dir: Path | None = None) -> tuple[Task, ...]:
    """Where the embeddings go: into `output_dir`, subfolders as they were found, else beside each recording.

    Recordings of a folder that differ in their suffix alone keep it, as in NAME.wav.npz. Raises UsageError if
    two recordings would still share an output.
    """
    alike = Counter((recording.parent, recording.stem) for recording in found.paths)
    tasks: dict[Path, Task] = {}
    for recording, folder in zip(found.paths, found.folders, strict=True):
        target = recording.parent
        if output_dir is not None:
            target = output_dir / target.relative_to(folder)
        unique = alike[recording.parent, recording.stem] == 1
        task = Task(recording, target / output_name(recording.stem if unique else recording.name, suffix))
        other = tasks.setdefault(task.output, task)
        if other is not task:
            raise UsageError(
                f"{other.recording} and {recording} would both become {task.output}",
                "Give the folder that holds both, or run them apart with other --suffix or --output-dir.",
            )
    return tuple(tasks.values())


def embed_all(job: Job, tasks: Sequence[Task], mapper: Mapper, progress: Progress = silent) -> list[Outcome]:
    """The outcomes of all tasks, in their order. Raises what the mapper and the job raise."""
    stage = "embedding recordings"
    outcomes: dict[Task, Outcome] = {}
    progress(stage, 0, len(tasks))
    for outcome in mapper(job, tasks, progress):
        outcomes[outcome.task] = outcome
        progress(stage, len(outcomes), len(tasks))
    return [outcomes[task] for task in tasks]
