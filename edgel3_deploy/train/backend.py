"""TensorFlow, loaded when a network is to be trained, and kept from chattering on the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from edgel3_deploy.errors import MissingDependencyError
from edgel3_deploy.extras import install_command, require_extra


def load_tensorflow() -> None:
    """Import TensorFlow and wake its devices. Raises MissingDependencyError if it is not installed."""
    require_extra("train", "training")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    try:
        with _silent_stderr():
            import tensorflow as tf

            tf.constant(0.0)
    except ImportError as error:
        raise MissingDependencyError(
            f"TensorFlow is installed and cannot be imported: {error}", install_command("train")
        ) from error


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Send the process's stderr to nowhere: TensorFlow's C++ writes there before its log level is read."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
