"""Weight files that nobody vouches for are read in a process of its own, with a limit of time and memory.

The HDF5 library follows whatever a damaged file says: for ever, or into all the memory there is, and deaf to
signals meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import math
import signal
import subprocess
import sys
from pathlib import Path

from edgel3_deploy.child import python_command
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.models.archive import network_bytes, network_from_bytes
from edgel3_deploy.models.hdf5 import HINT
from edgel3_deploy.models.network import FloatNetwork
from edgel3_deploy.models.parse import parse_weights

SECONDS = 8.0
"""Of the processor's time where the system limits that, else of the clock's."""
_BUSY = 10
"""How many times longer that may last where others have the processor too."""
MEMORY_BYTES = 2 << 30
_REFUSED = 3
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def parse_guarded(path: Path, content: bytes, *, seconds: float = SECONDS) -> FloatNetwork:
    """`parse_weights` in a child, which is ended after `seconds`. Raises BadInputError."""
    too_long = _damaged(path, f"reading it takes more than {seconds:.0f} s")
    limits_processor = hasattr(signal, "SIGXCPU")
    try:
        child = subprocess.run(
            (*python_command("edgel3_deploy.models.guarded"), str(path), str(math.ceil(seconds))),
            input=content,
            capture_output=True,
            timeout=seconds * (_BUSY if limits_processor else 1),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise too_long from error
    if limits_processor and child.returncode == -signal.SIGXCPU:
        raise too_long
    if child.returncode == _REFUSED:
        answer = json.loads(child.stdout)
        raise BadInputError(answer["message"], answer["hint"])
    if child.returncode != 0:
        said = child.stderr.decode(errors="replace").strip().splitlines() or [f"status {child.returncode}"]
        raise _damaged(path, f"reading it failed: {said[-1]}")
    warnings, _, archive = child.stdout.partition(b"\n")
    return network_from_bytes(archive, str(path), tuple(json.loads(warnings)))


def _damaged(path: Path, detail: str) -> BadInputError:
    return BadInputError(f"{path}: not a readable HDF5 file ({detail})", HINT)


def main(arguments: list[str]) -> int:
    """The child: a weight file's bytes in; its warnings and the archived network out, or an error."""
    _limit(seconds=int(arguments[1]))
    try:
        network = parse_weights(Path(arguments[0]), sys.stdin.buffer.read())
    except BadInputError as error:
        print(json.dumps({"message": error.message, "hint": error.hint}))
        return _REFUSED
    sys.stdout.buffer.write(json.dumps(network.warnings).encode() + b"\n" + network_bytes(network))
    return 0


def _limit(seconds: int) -> None:
    """Memory and the processor's time, where the system can: Windows has no such limits."""
    try:
        import resource
    except ImportError:
        return
    for kind, limits in (
        (resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
        (resource.RLIMIT_CPU, (seconds, seconds + 1)),
        (resource.RLIMIT_CORE, (0, 0)),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, limits)
