"""Run the converter in a process of its own, where TensorFlow's chatter, memory and crashes stay."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.child import python_command
from edgel3_deploy.errors import MissingDependencyError, ToolchainError
from edgel3_deploy.extras import install_command
from edgel3_deploy.models.archive import save_network
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.quantize import convert

_MODULE = "edgel3_deploy.quantize.convert"


def convert_isolated(
    network: FloatNetwork,
    inputs: NDArray[np.float32],
    progress: Progress = silent,
    command: tuple[str, ...] = (),
) -> bytes:
    """`convert.convert` in a child process; `command` replaces the Python call (for tests).

    Raises MissingDependencyError without TensorFlow, ToolchainError, with the converter's last words, if it
    fails.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="edgel3-deploy-") as folder:
            return _convert_in(Path(folder), network, inputs, progress, command or python_command(_MODULE))
    except OSError as error:
        raise ToolchainError(
            f"TensorFlow's converter could not be run: {error}", "Check space and rights in TMPDIR."
        ) from error


def _convert_in(
    folder: Path,
    network: FloatNetwork,
    inputs: NDArray[np.float32],
    progress: Progress,
    command: tuple[str, ...],
) -> bytes:
    save_network(network, folder / "network.npz")
    np.save(folder / "inputs.npy", inputs)
    files = [str(folder / file) for file in ("network.npz", "inputs.npy", "model.tflite")]
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        status = _run([*command, *files], log.fileno(), progress)
        log.seek(0)
        complaint = (log.read().strip().splitlines() or ["it said nothing"])[-1]
    if status == convert.NO_TENSORFLOW:
        raise MissingDependencyError(
            f"--method converter needs TensorFlow ({complaint})",
            f"{install_command('train')}, or choose another method: none of them needs it.",
        )
    if status != 0:
        raise ToolchainError(
            f"TensorFlow's converter failed with status {status}: {complaint}",
            "Check the calibration audio and free memory, or give a full-int8 .tflite as --model.",
        )
    return (folder / "model.tflite").read_bytes()


def _run(command: list[str], log: int, progress: Progress) -> int:
    """Exit status of `command`, whose stderr goes to `log`; the child does not outlive this call."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    progress("starting TensorFlow")
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
    ) as child:
        try:
            assert child.stdout is not None
            for line in child.stdout:
                word, *numbers = line.split() or [""]
                if word == "progress" and len(numbers) == 2 and all(number.isdigit() for number in numbers):
                    progress("calibrating", int(numbers[0]), int(numbers[1]))
            return child.wait()
        finally:
            child.kill()
