"""Tasks on the workers of a Dask cluster, which see the same files by the same paths."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from edgel3_deploy.embedding.batch import Job, Mapper, Outcome, Task
from edgel3_deploy.errors import UsageError
from edgel3_deploy.extras import require_extra
from edgel3_deploy.progress import Progress

CONNECT_SECONDS = 5
WORKER_SECONDS = 60


def on_cluster(address: str) -> Mapper:
    """A mapper onto the workers of the Dask scheduler at `address`, such as tcp://host:8786.

    Workers write the outputs. Raises MissingDependencyError without Dask; UsageError if no scheduler answers
    or it has no worker.
    """
    require_extra("dask", "--dask")
    import distributed

    def run(job: Job, tasks: Sequence[Task], progress: Progress) -> Iterator[Outcome]:
        client = _connect(distributed, address)
        try:
            yield from _run(distributed, client, job, tasks)
        finally:
            client.close()

    return run


def _connect(distributed: Any, address: str) -> Any:
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{address}: no Dask scheduler answers", "Give the address that `dask scheduler` prints."
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        client.close()
        raise UsageError(
            f"{address}: this Dask cluster has no worker", f"Start one: dask worker {address}"
        ) from error
    return client


def _run(distributed: Any, client: Any, job: Job, tasks: Sequence[Task]) -> Iterator[Outcome]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        # A task, not scattered data: it is given anew to workers that start when others have died.
        shared = client.submit(_given, job, pure=False)
    futures = dict(zip(client.map(_apply, tasks, job=shared, pure=False), tasks, strict=True))
    try:
        with client.as_current():
            completed = distributed.as_completed(futures)
        for future in completed:
            task = futures.pop(future)
            try:
                outcome = future.result()
            except UsageError:
                raise
            except Exception as error:
                outcome = Outcome(task, error=_said(task, error))
            yield outcome
    finally:
        client.cancel(list(futures))


def _given(job: Job) -> Job:
    return job


def _apply(task: Task, job: Job) -> Outcome:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return job(task)


def _said(task: Task, error: BaseException) -> str:
    if type(error).__name__ == "KilledWorker":
        return f"{task.recording}: the workers that had it died, perhaps for want of memory"
    text = (str(error).splitlines() or [""])[0]
    return f"{task.recording}: failed on the cluster: {type(error).__name__}: {text}"
