"""Quantized models kept by the hash of everything that made them; what is damaged counts as absent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgel3_deploy.errors import UsageError
from edgel3_deploy.fileio import sha256, write_atomically
from edgel3_deploy.models.locate import cache_dir

Facts = dict[str, Any]


def cache_key(inputs: Mapping[str, Any]) -> str:
    """SHA-256 of `inputs` as canonical JSON."""
    return sha256(json.dumps(inputs, sort_keys=True).encode())


def load(key: str) -> tuple[bytes, Facts] | None:
    """The model and facts stored under `key`; None if absent, or if the two do not belong together."""
    model_path, facts_path = _paths(key)
    with contextlib.suppress(OSError, ValueError):
        model = model_path.read_bytes()
        entry = json.loads(facts_path.read_text(encoding="utf-8"))
        if isinstance(entry, dict) and entry.get("seal") == _seal(model, entry.get("facts")):
            return model, entry["facts"]
    return None


def store(key: str, model: bytes, facts: Facts) -> str:
    """Keep `model` and `facts`; returns why that failed, or "". Files appear whole, so writers may race."""
    model_path, facts_path = _paths(key)
    entry = {"facts": facts, "seal": _seal(model, facts)}
    try:
        write_atomically(model_path, model)
        write_atomically(facts_path, json.dumps(entry, indent=1).encode())
    except UsageError as error:
        return error.message
    return ""


def _seal(model: bytes, facts: Any) -> str:
    """Binds the facts to the model's bytes, so that a mixed or altered pair is noticed."""
    return sha256(model + json.dumps(facts, sort_keys=True).encode())


def _paths(key: str) -> tuple[Path, Path]:
    folder = cache_dir() / "quantized"
    return folder / f"{key}.tflite", folder / f"{key}.json"
