"""The truth from a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from edgel3_deploy import reference
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError
from edgel3_deploy.reference.worker import TruthWorker


@pytest.fixture
def worker(tiny_tflite: bytes) -> Iterator[TruthWorker]:
    with TruthWorker(tiny_tflite) as worker:
        yield worker


def test_it_is_the_truth_call_by_call(worker: TruthWorker, tiny_tflite: bytes, inputs: np.ndarray) -> None:
    for part in (inputs[:2], inputs[2:5], inputs[:0]):
        outputs, engine = worker.truth(part)
        expected, same_engine = reference.truth(tiny_tflite, part)
        np.testing.assert_array_equal(outputs, expected)
        assert engine == same_engine


def test_errors_come_back_and_do_not_end_it(worker: TruthWorker, inputs: np.ndarray) -> None:
    with pytest.raises(BadInputError, match=r"int8 \(64, 50, 1\)"):
        worker.truth(np.zeros((1, 50, 64, 1), np.int8))
    assert worker.truth(inputs[:1])[0].shape == (1, 8)


def test_a_killed_process_is_one_line(worker: TruthWorker, inputs: np.ndarray) -> None:
    worker.truth(inputs[:1])
    os.kill(worker.pid, signal.SIGTERM)
    with pytest.raises(EdgeL3DeployError, match="was killed"):
        worker.truth(inputs[:1])


def test_leaving_it_unused_ends_the_process(tiny_tflite: bytes) -> None:
    with TruthWorker(tiny_tflite) as worker:
        pid = worker.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
