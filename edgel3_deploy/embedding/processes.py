"""Tasks in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from edgel3_deploy.embedding.batch import Job, Mapper, Outcome, Task
from edgel3_deploy.errors import UsageError
from edgel3_deploy.progress import Progress

_job: Job | None = None


def usable_cores() -> int:
    """How many processes this one may keep busy."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def in_processes(count: int) -> Mapper:
    """A mapper onto `count` processes; with one, or one task, onto this process.

    Raises UsageError if a process dies.
    """

    def run(job: Job, tasks: Sequence[Task], progress: Progress) -> Iterator[Outcome]:
        if len(tasks) == 1:
            return iter([job(tasks[0], progress)])
        if count == 1:
            return map(job, tasks)
        return _run(job, tasks, min(count, len(tasks)))

    return run


def _run(job: Job, tasks: Sequence[Task], count: int) -> Iterator[Outcome]:
    # Children of an interpreter look for modules in the current folder first, which may hold anything.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start, (job,))
    try:
        for future in as_completed([pool.submit(_apply, task) for task in tasks]):
            yield future.result()
        pool.shutdown()
    except BrokenProcessPool as error:
        raise UsageError(
            "a process that embeds was ended from outside, perhaps for want of memory",
            "Give the same command with fewer --jobs: what is done is kept.",
        ) from error
    finally:
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        # The pool's own thread waits for the processes: two that wait for one each take the other's answer.
        pool.shutdown(cancel_futures=True)


def _start(job: Job) -> None:
    """Called once in each process: one thread of its own, and an end with the process that started it."""
    from threadpoolctl import threadpool_limits

    global _job  # noqa: PLW0603
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threadpool_limits(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _apply(task: Task) -> Outcome:
    assert _job is not None
    return _job(task)
