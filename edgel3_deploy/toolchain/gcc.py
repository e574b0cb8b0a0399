"""The cross compiler, driven through make, so that a build and a plain `make` follow the same rules."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.progress import Progress, silent

COMPILER = "arm-none-eabi-gcc"
JOBS = 2
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_ERROR = re.compile(r"(?:\berror:|undefined reference|cannot find|No such file|\*\*\*)")
_OVERRIDES = ("MAKEFLAGS", "MFLAGS", "MAKEFILES", "MAKELEVEL", "CPATH", "C_INCLUDE_PATH", "COMPILER_PATH")
"""Variables of the caller's environment that would change what make or gcc do."""


@dataclass(frozen=True)
class Gcc:
    """A cross compiler that was found; `version` such as "12.2.1"."""

    path: Path
    version: str


class RegionOverflowError(ToolchainError):
    """The linker could not fit the image; `excess` maps region name to the bytes that are too many."""

    def __init__(self, excess: Mapping[str, int]) -> None:
        super().__init__(
            "the image does not fit: " + ", ".join(f"{k} by {v:,} bytes" for k, v in excess.items())
        )
        self.excess = excess


def find_gcc() -> Gcc:
    """The cross compiler on PATH; ToolchainError, naming the Debian package, if it or make is absent."""
    _require("make", "make")
    path = _require(COMPILER, "gcc-arm-none-eabi libnewlib-arm-none-eabi")
    try:
        version = subprocess.run(
            [path, "-dumpfullversion"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolchainError(f"{path} does not run: {error}", _install("gcc-arm-none-eabi")) from error
    return Gcc(Path(path), version.stdout.strip())


def run_make(
    directory: Path, variables: Sequence[str] = (), *, steps: int = 0, progress: Progress = silent
) -> None:
    """Run make in `directory` and report each of the `steps` compilations.

    Raises RegionOverflowError if the image is too large for a region of the linker script, ToolchainError
    with the first diagnostic for anything else that fails.
    """
    command = ["make", f"-j{JOBS}", "--no-print-directory", *variables]
    environment = {key: value for key, value in os.environ.items() if key not in _OVERRIDES}
    environment["LC_ALL"] = "C"
    output: list[str] = []
    try:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolchainError(f"make does not run: {error}", _install("make")) from error
    assert process.stdout is not None
    try:
        done = 0
        for line in process.stdout:
            output.append(line.rstrip())
            if line.startswith(("CC ", "CXX ", "AS ")):
                done += 1
                progress("compiling", done, steps)
            elif line.startswith("LD "):
                progress("linking")
        process.wait()
    except BaseException:
        _end(process)
        process.wait()
        raise
    finally:
        process.stdout.close()
    if process.returncode != 0:
        raise _failure(output)


def _end(process: subprocess.Popen[str]) -> None:
    """End make and, where the system has process groups, the compilers that it runs."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()


def _failure(output: Sequence[str]) -> ToolchainError:
    excess: dict[str, int] = {}
    for name, count in _OVERFLOW.findall("\n".join(output)):
        # Slots differ in size: the smallest lacks most.
        excess[name.lower()] = max(int(count), excess.get(name.lower(), 0))
    if excess:
        return RegionOverflowError(excess)
    line = next((line for line in output if _ERROR.search(line)), output[-1] if output else "no output")
    if re.search(r"cannot find -l(c|gcc|m)\b|(string|stdint|stddef)\.h: No such file", line):
        hint = _install("libnewlib-arm-none-eabi")
    else:
        hint = "This project is built with GCC 12 for Arm; `make` in a built folder shows every message."
    return ToolchainError(f"the firmware does not build: {line}", hint)


def _require(tool: str, packages: str) -> str:
    path = shutil.which(tool)
    if path is None:
        raise ToolchainError(f"{tool} is not installed", _install(packages))
    return path


def _install(packages: str) -> str:
    return f"Install it: sudo apt install {packages}"
