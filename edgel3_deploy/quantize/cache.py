"""Quantized models kept by the hash of everything that made them; what is damaged counts as absent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import read_file, sha256, write_atomically
from edgel3_deploy.models.locate import cache_dir

Facts = dict[str, Any]

_MAX_FACTS = 1 << 24


def cache_key(inputs: Mapping[str, Any]) -> str:
    """SHA-256 of `inputs` as canonical JSON."""
    return sha256(json.dumps(inputs, sort_keys=True).encode())


def load(key: str) -> tuple[bytes, Facts] | None:
    """The model and facts stored under `key`; None if absent, or if the two do not belong together."""
    model_path, facts_path = _paths(key)
    with contextlib.suppress(BadInputError, ValueError, RecursionError):
        model = read_file(model_path, "a remembered model")
        entry = json.loads(read_file(facts_path, "what is known of it", _MAX_FACTS))
        if isinstance(entry, dict) and entry.get("seal") == _seal(key, model, entry.get("facts")):
            return model, entry["facts"]
    return None


def store(key: str, model: bytes, facts: Facts) -> str:
    """Keep `model` and `facts`; returns why that failed, or "". Files appear whole, so writers may race."""
    model_path, facts_path = _paths(key)
    entry = {"facts": facts, "seal": _seal(key, model, facts)}
    try:
        _make_private(model_path.parent)
        write_atomically(model_path, model)
        write_atomically(facts_path, json.dumps(entry, indent=1).encode())
    except UsageError as error:
        return error.message
    return ""


def _seal(key: str, model: bytes, facts: Any) -> str:
    """Binds model and facts to each other and to the key: a mixed, altered or renamed pair is noticed."""
    return sha256(
        b"\0".join((key.encode(), sha256(model).encode(), json.dumps(facts, sort_keys=True).encode()))
    )


def _make_private(folder: Path) -> None:
    """Make a folder that nobody else may write: what is remembered is believed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error


def _paths(key: str) -> tuple[Path, Path]:
    folder = cache_dir() / "quantized"
    return folder / f"{key}.tflite", folder / f"{key}.json"
