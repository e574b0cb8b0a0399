"""llvm-mca's model of the Cortex-M7: cycles of a straight piece of code, repeated until steady.

The model knows dual issue, latencies and dependences between iterations; no caches, flash wait states, or
mispredicted branches. https://llvm.org/docs/CommandGuide/llvm-mca.html
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgel3_deploy.errors import MissingDependencyError, ToolchainError

_VERSIONS = range(22, 13, -1)
_ITERATIONS = 200
_OPTIONS = (
    "-mtriple=thumbv7em-none-eabihf",
    "-mcpu=cortex-m7",
    f"-iterations={_ITERATIONS}",
    "-resource-pressure=0",
    "-instruction-info=0",
)
_IT = re.compile(r"^it [a-z]{2}$")
_CONDITION = "(?:eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)"
_MOVE = re.compile(rf"^(?:mov|lsl){_CONDITION} (\w+), (\w+)(?:, (?:lsl )?(#\d+))?$")
_FIGURE = re.compile(r"^(Iterations|Instructions|Total Cycles):\s+(\d+)$", re.M)


@dataclass(frozen=True)
class Cost:
    """Of one iteration in steady state."""

    instructions: int
    cycles: float


@dataclass(frozen=True)
class Mca:
    """The program, and its version as it tells it."""

    program: Path
    version: str


def find_mca() -> Mca:
    """llvm-mca under its own name or Debian's versioned ones; MissingDependencyError if there is none."""
    for name in ("llvm-mca", *(f"llvm-mca-{version}" for version in _VERSIONS)):
        found = shutil.which(name)
        if found:
            said = subprocess.run((found, "--version"), capture_output=True, text=True, check=False).stdout
            version = re.search(r"LLVM version ([\d.]+)", said)
            return Mca(Path(found), version[1] if version else "unknown")
    raise MissingDependencyError("llvm-mca is not installed", "Install Debian's package llvm.")


@cache
def cost(mca: Mca, code: tuple[str, ...]) -> Cost:
    """The cost of `code`, lines of assembly. Raises ToolchainError if the program rejects it."""
    done = subprocess.run(
        (str(mca.program), *_OPTIONS), input=_source(code), capture_output=True, text=True, check=False
    )
    # It skips lines that it cannot assemble, warning; a figure without them would be wrong.
    if done.returncode != 0 or "error:" in done.stderr:
        raise ToolchainError(f"llvm-mca does not take the loop: {done.stderr.strip().splitlines()[0]}")
    return parse(done.stdout)


def _source(code: Sequence[str]) -> str:
    """llvm-mca has no IT: a NOP takes its place, and an ADC, which reads the same registers and flags, that
    of the move behind it.
    """
    lines = (_MOVE.sub(_as_adc, _IT.sub("nop", line)) for line in code)
    return "\n".join(lines) + "\n"


def _as_adc(move: re.Match[str]) -> str:
    to, source, shift = move.groups()
    return f"adc {to}, {to}, {source}" + (f", lsl {shift}" if shift else "")


def parse(output: str) -> Cost:
    """The summary that llvm-mca prints first. Raises ToolchainError if it is another program's output."""
    figures = {name: int(value) for name, value in _FIGURE.findall(output)}
    try:
        iterations = figures["Iterations"]
        return Cost(figures["Instructions"] // iterations, figures["Total Cycles"] / iterations)
    except (KeyError, ZeroDivisionError):
        raise ToolchainError("llvm-mca printed no summary", "Update Debian's package llvm.") from None
