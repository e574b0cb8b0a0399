"""The JSON that commands print and builds hold: a version and a kind at the top, a JSON Schema for each kind.

Names mean the same everywhere: `..._bytes` and `used`, `limit` are bytes, `..._db` decibels, `..._hz` hertz;
`path` and `output` are paths as the system writes them, `sha256` is hexadecimal in lower case; `verdict` is
"fits" or "over" of a budget, "pass" or "fail" of a validation; null is what does not exist or was not asked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgel3_deploy.resources import schemas_dir

SCHEMA_VERSION = 1
"""Grows when a name goes or means something else; names that are added leave it as it is."""

_SUFFIX = ".schema.json"


def document(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with what says how to read it in front; null stands for infinity and NaN."""
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **_finite(content)}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def file_bytes(kind: str, content: Mapping[str, Any]) -> bytes:
    """A document as a file holds it."""
    return json.dumps(document(kind, content), indent=2).encode() + b"\n"


def kinds() -> tuple[str, ...]:
    """Kinds of documents that have a schema, sorted."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in schemas_dir().glob(f"*{_SUFFIX}")))


def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a kind. Raises KeyError for an unknown one."""
    path: Path = schemas_dir() / f"{kind}{_SUFFIX}"
    if not path.is_file():
        raise KeyError(kind)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
