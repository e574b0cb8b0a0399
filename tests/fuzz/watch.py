"""What a campaign counts: inputs, tracebacks, time, memory, and what was executed or written elsewhere."""

from __future__ import annotations

import os
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgel3_deploy.errors import EdgeL3DeployError

_EXECUTES = ("os.system", "os.exec", "os.fork", "pty.spawn", "pickle.find_class", "ctypes.dlopen")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Watch:
    """Runs cases in this process and keeps the figures; `places` may be written, `programs` be run."""

    places: tuple[Path, ...]
    programs: tuple[str, ...] = (sys.executable,)
    inputs: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    tracebacks: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    executed: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    _is_watching: bool = False

    def __post_init__(self) -> None:
        sys.addaudithook(self._audit)

    def run(self, kind: str, name: str, case: Callable[[], object]) -> None:
        """Run one case: an error of ours is a refusal, any other exception a finding."""
        self.inputs[kind] += 1
        started = time.process_time()
        self._is_watching = True
        try:
            case()
        except EdgeL3DeployError as error:
            self.refused[kind] += 1
            if not error.message or not error.hint:
                self.tracebacks.append(f"{kind} {name}: {error!r} says too little")
        except Exception:
            self.tracebacks.append(f"{kind} {name}: {traceback.format_exc()}")
        finally:
            self._is_watching = False
        self.slowest = max(self.slowest, (time.process_time() - started, f"{kind} {name}"))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_watching:
            return
        if event in _EXECUTES or (event == "subprocess.Popen" and str(arguments[0]) not in self.programs):
            self.executed.append(f"{event} {arguments[0]!r}")
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
            self._note(arguments[0])
        if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink"):
            self._note(arguments[0])

    def _note(self, name: Any) -> None:
        if not isinstance(name, (str, bytes, Path)):
            return
        path = Path(os.path.realpath(os.fsdecode(name)))
        if path != Path(os.devnull) and not any(path.is_relative_to(place) for place in self.places):
            self.written.append(str(path))

    @property
    def peak_megabytes(self) -> int:
        """Most memory that this process or one of its children had."""
        kilobytes = max(
            resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return kilobytes >> 10

    def table(self) -> str:
        """The figures as lines of text."""
        seconds, name = self.slowest
        return "\n".join(
            (
                *(
                    f"{kind:<10} {n:>7,} inputs {self.refused[kind]:>7,} refused"
                    for kind, n in self.inputs.items()
                ),
                f"inputs     {self.inputs.total():>7,}",
                f"tracebacks {len(self.tracebacks):>7,}",
                f"slowest    {seconds:>7.1f} s of CPU ({name})",
                f"peak       {self.peak_megabytes:>7,} MB",
                f"executed   {len(self.executed):>7,}",
                f"written elsewhere {len(self.written):,}",
            )
        )
