"""The truth from a process of its own.

TFLite Micro's interpreter holds Python's lock while it runs: in the same process nobody would speak with a
board meanwhile, for seconds with a large network.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy import errors, reference
from edgel3_deploy.child import python_command
from edgel3_deploy.errors import EdgeL3DeployError


class TruthWorker:
    """Computes `reference.truth` of `model` elsewhere; one caller at a time. Leaving the context ends it."""

    def __init__(self, model: bytes) -> None:
        self._process = subprocess.Popen(
            python_command("edgel3_deploy.reference.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt from the terminal is the parent's to deal with
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to: IO[bytes] = self._process.stdin
        self._from: IO[bytes] = self._process.stdout
        self._model: bytes | None = model

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def __enter__(self) -> TruthWorker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        for stream in (self._to, self._from):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process.wait()

    def truth(self, inputs: NDArray[np.int8]) -> tuple[NDArray[np.int8], str]:
        """As `reference.truth`, errors included; EdgeL3DeployError if the process was killed."""
        try:
            if self._model is not None:
                _send(self._to, self._model)
                self._model = None
            _send(self._to, inputs)
            answer = pickle.load(self._from)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            raise EdgeL3DeployError(
                "the process that computes the reference was killed", "Is there enough memory? Try again."
            ) from error
        if isinstance(answer, dict):
            raise getattr(errors, answer["kind"])(answer["message"], answer["hint"])
        outputs, engine = answer
        return outputs, engine


def _send(stream: IO[bytes], value: Any) -> None:
    pickle.dump(value, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()


def main(arguments: list[str]) -> int:
    """The process: a model, then inputs on stdin; outputs and the engine's name, or an error, on stdout."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no result
    with contextlib.suppress(EOFError, BrokenPipeError):
        model = pickle.load(sys.stdin.buffer)
        while True:
            inputs = pickle.load(sys.stdin.buffer)
            try:
                _send(results, reference.truth(model, inputs))
            except EdgeL3DeployError as error:
                described = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
                _send(results, described)
    return 0
