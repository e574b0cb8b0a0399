"""TFLite Micro's own interpreter on the host: the arithmetic that every runtime must equal."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.child import python_command
from edgel3_deploy.errors import BadInputError, EdgeL3DeployError, MissingDependencyError
from edgel3_deploy.progress import Progress, silent
from edgel3_deploy.reference.interpreter import check_input, open_interpreter

Int8Array = NDArray[np.int8]

_ARENA_BYTES = 1 << 26
_TOTAL = re.compile(r"Arena allocation total (\d+) bytes")


def available() -> bool:
    """Whether the wheel is installed (it exists for Linux on x86-64 only); nothing is imported."""
    return importlib.util.find_spec("tflite_micro") is not None


def run_all(model: bytes, inputs: Int8Array, progress: Progress = silent) -> Int8Array:
    """Outputs of a full-int8 model: int8 (n, height, width, channels) -> int8 (n, embedding).

    Raises BadInputError if TFLite Micro refuses the model, MissingDependencyError if the wheel is not
    installed.
    """
    interpreter = _open(model)
    detail = interpreter.get_input_details(0)
    check_input(detail["shape"][1:], detail["dtype"], inputs.shape[1:])
    outputs = np.empty((len(inputs), int(np.prod(interpreter.get_output_details(0)["shape"][1:]))), np.int8)
    for index, window in enumerate(inputs):
        progress("running TFLite Micro", index, len(inputs))
        interpreter.set_input(window.reshape(detail["shape"]), 0)
        interpreter.invoke()
        outputs[index] = interpreter.get_output(0).reshape(-1)
    return outputs


def arena_bytes(model: bytes) -> int:
    """Bytes of tensor arena that TFLite Micro records on this host, whose pointers are 8 bytes wide.

    The figure is read from the interpreter's report, which goes to the process's stderr: hence a child
    process. Raises BadInputError if TFLite Micro refuses the model, MissingDependencyError if the wheel is
    not installed.
    """
    if not available():
        raise _missing()
    child = subprocess.run(
        python_command("edgel3_deploy.reference.tflm"), input=model, capture_output=True, check=False
    )
    report = child.stderr.decode(errors="replace")
    total = _TOTAL.search(report)
    if child.returncode != 0 or total is None:
        complaint = (report.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInputError(f"TFLite Micro refuses the model: {complaint}", "Give a full-int8 .tflite.")
    return int(total.group(1))


def _open(model: bytes) -> Any:
    if not available():
        raise _missing()
    from tflite_micro.python.tflite_micro import runtime

    open_interpreter(model)  # LiteRT verifies the flatbuffer; TFLite Micro would read wherever it points
    try:
        return runtime.Interpreter.from_bytes(model, arena_size=_ARENA_BYTES)
    except (RuntimeError, ValueError) as error:
        raise BadInputError(
            f"TFLite Micro refuses the model: {error}", "Give a full-int8 .tflite."
        ) from error


def _missing() -> MissingDependencyError:
    return MissingDependencyError("TFLite Micro's interpreter is not installed", "pip install tflite-micro")


def main(arguments: list[str]) -> int:
    """Child process of `arena_bytes`: model on stdin, TFLite Micro's report on stderr."""
    try:
        interpreter = _open(sys.stdin.buffer.read())
        detail = interpreter.get_input_details(0)
        interpreter.set_input(np.zeros(detail["shape"], detail["dtype"]), 0)
        interpreter.invoke()
        interpreter.print_allocations()
    except (EdgeL3DeployError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
