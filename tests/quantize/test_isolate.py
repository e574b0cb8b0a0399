"""The converter's process, played by small programs: what it says and how it ends."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edgel3_deploy.errors import MissingDependencyError, ToolchainError
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize.isolate import convert_isolated

INPUTS = np.zeros((2, 64, 50), np.float32)


def run(network: FloatNetwork, program: str, progress: Progress = silent) -> bytes:
    return convert_isolated(network, INPUTS, progress, (sys.executable, "-c", "import sys\n" + program))


def test_the_model_and_the_progress_come_back(tiny_network: FloatNetwork) -> None:
    seen: list[tuple[str, int, int]] = []
    program = """
import numpy
assert numpy.load(sys.argv[2]).shape == (2, 64, 50)
print("INFO: chatter"); print("progress 1 2"); print("progress x y"); print()
open(sys.argv[3], "wb").write(b"model")
"""
    model = run(tiny_network, program, lambda stage, done=0, total=0: seen.append((stage, done, total)))
    assert model == b"model"
    assert seen == [("starting TensorFlow", 0, 0), ("calibrating", 1, 2)]


def test_the_user_does_not_hear_the_converter(
    tiny_network: FloatNetwork, capfd: pytest.CaptureFixture[str]
) -> None:
    run(
        tiny_network,
        'print("noise"); print("more", file=sys.stderr); open(sys.argv[3], "wb").write(b"model")',
    )
    assert capfd.readouterr() == ("", "")


def test_a_failure_ends_with_its_last_words(tiny_network: FloatNetwork) -> None:
    with pytest.raises(ToolchainError, match="status 1: ValueError: bad range"):
        run(tiny_network, 'raise ValueError("bad range")')


def test_a_crash_is_reported(tiny_network: FloatNetwork) -> None:
    with pytest.raises(ToolchainError, match="status -9: it said nothing"):
        run(tiny_network, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_a_process_that_writes_nothing_is_reported(tiny_network: FloatNetwork) -> None:
    with pytest.raises(ToolchainError, match="could not be run"):
        run(tiny_network, "pass")


def test_without_tensorflow_the_package_is_named(tiny_network: FloatNetwork) -> None:
    with pytest.raises(MissingDependencyError, match="needs TensorFlow") as caught:
        run(tiny_network, 'print("No module named tensorflow", file=sys.stderr); sys.exit(3)')
    assert "edgel3-deploy[train]" in caught.value.hint


def test_the_process_dies_with_an_interrupt(tiny_network: FloatNetwork) -> None:
    def interrupt(stage: str, done: int = 0, total: int = 0) -> None:
        if total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tiny_network, 'import time\nprint("progress 0 9", flush=True)\ntime.sleep(600)', interrupt)
