"""The committed figures, and whether new ones are worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from edgel3_deploy.errors import BadInputError

FILE = Path(__file__).with_name("baseline.json")
TOLERANCE = 0.01

Figures = Mapping[str, Mapping[str, int]]
"""Instructions by model, then by engine."""


def load(path: Path = FILE) -> tuple[str, Figures]:
    """The compiler and the figures committed; BadInputError if the file is not as `save` writes it."""
    hint = "Write it anew: python -m benchmarks --update"
    try:
        content = json.loads(path.read_text())
        compiler, figures = content["compiler"], content["instructions"]
        counts = [count for engines in figures.values() for count in engines.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(f"{path} cannot be used: {error}", hint) from error
    if not all(isinstance(count, int) and count > 0 for count in counts):
        raise BadInputError(f"{path}: an instruction count is no positive integer", hint)
    return compiler, figures


def save(compiler: str, figures: Figures, path: Path = FILE) -> None:
    """Write the figures of this run."""
    path.write_text(json.dumps({"compiler": compiler, "instructions": figures}, indent=2) + "\n")


def regressions(figures: Figures, committed: Figures) -> list[str]:
    """A line per figure that is more than TOLERANCE above the committed one, or that has none."""
    lines = []
    for model, engines in figures.items():
        for engine, count in engines.items():
            before = committed.get(model, {}).get(engine)
            if before is None:
                lines.append(f"{engine}, {model}: no committed figure for {count:,} instructions")
            elif count > before * (1 + TOLERANCE):
                lines.append(
                    f"{engine}, {model}: {count:,} instructions, {count / before - 1:.1%} above the "
                    f"committed {before:,}"
                )
    return lines
