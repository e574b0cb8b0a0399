"""Checkpoints of a training run: all its arrays, where it stood, and what it was asked to do, in one .npz
file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import read_file, write_atomically

_LIMIT = 1 << 31


@dataclass(frozen=True)
class Checkpoint:
    """`step` batches are done. `settings` is what decides the run's result, `history` its measurements so
    far.
    """

    step: int
    arrays: Mapping[str, NDArray[np.float32]]
    settings: Mapping[str, Any]
    history: tuple[Mapping[str, float], ...]

    def save(self, path: Path) -> None:
        """Replace `path` by this checkpoint."""
        header = json.dumps({"step": self.step, "settings": self.settings, "history": self.history})
        stream = io.BytesIO()
        contents: dict[str, Any] = {f"array/{name}": value for name, value in self.arrays.items()}
        np.savez(stream, header=np.array(header), **contents)
        write_atomically(path, stream.getvalue())


def load(path: Path, settings: Mapping[str, Any]) -> Checkpoint | None:
    """The checkpoint at `path`, or None if there is none.

    Raises UsageError if it belongs to a run with other settings, BadInputError if it is damaged.
    """
    if not path.exists():
        return None
    content = read_file(path, "a checkpoint", _LIMIT)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            arrays = {
                name.removeprefix("array/"): file[name] for name in file.files if name.startswith("array/")
            }
        checkpoint = Checkpoint(
            int(header["step"]), arrays, dict(header["settings"]), tuple(header["history"])
        )
    except Exception as error:  # numpy and zipfile meet damaged files with nearly every built-in exception
        raise damaged(path, error) from error
    differences = _differences(checkpoint.settings, json.loads(json.dumps(settings)))
    if differences:
        raise UsageError(
            f"{path}: belongs to a run with other settings ({'; '.join(differences)})",
            "Repeat those settings to continue it, or delete the file to start anew.",
        )
    return checkpoint


def damaged(path: Path, reason: object) -> BadInputError:
    """The error for a checkpoint that cannot be used."""
    return BadInputError(f"{path}: damaged checkpoint ({reason})", "Delete it to start from the beginning.")


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs, by name, with both values where they are numbers."""
    differences = []
    for key in sorted(then.keys() | now.keys()):
        before, after = then.get(key), now.get(key)
        if before != after:
            numbers = isinstance(before, int | float) and isinstance(after, int | float)
            differences.append(f"{key} {before:g}, now {after:g}" if numbers else key)
    return differences
