"""Two reports side by side: what changed between two validations, read from their report.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.pipeline.decode import DecodeError, read_json

JSON_NAME = "report.json"
_REQUIRED = ("verdict", "bit_exact", "windows", "model", "device", "layers", "recordings", "budget")

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Change:
    """A figure or a name that is not the same in both reports; None where one of them has it not."""

    name: str
    before: Value
    after: Value

    @property
    def relative(self) -> float | None:
        """The change as a part of what was before, for numbers."""
        if isinstance(self.before, bool) or not isinstance(self.before, (int, float)) or not self.before:
            return None
        if isinstance(self.after, bool) or not isinstance(self.after, (int, float)):
            return None
        return self.after / self.before - 1


def read_report(path: Path) -> Mapping[str, Any]:
    """The content of a report: of its folder, or of report.json itself.

    Raises BadInputError for what is no report.
    """
    file = path / JSON_NAME if path.is_dir() else path
    hint = "Name a folder that `validate` wrote, such as build/stm32f7/report, or its report.json."
    try:
        content = read_json(file)
    except OSError as error:
        raise BadInputError(f"{file}: no report can be read: {error.strerror}", hint) from error
    except DecodeError as error:
        raise BadInputError(f"{file} is no report: {error}", hint) from error
    if not isinstance(content, dict) or any(key not in content for key in _REQUIRED):
        raise BadInputError(f"{file} is no report of a validation", hint)
    return content


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs, in the order in which reports tell it. When they were made is no difference."""
    old, new = dict(_figures(before)), dict(_figures(after))
    return tuple(
        Change(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    )


def _figures(report: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    for name in ("verdict", "bit_exact", "windows", "reference"):
        yield name, _plain(report.get(name))
    for group in ("model", "device", "metrics", "differences", "modelled", "versions"):
        yield from _flat(group, report.get(group))
    for name in ("instructions", "cycles", "milliseconds"):
        yield f"{name} per inference", _plain(report.get(f"{name}_per_inference"))
    for group in ("budget", "layers", "recordings"):
        rows = report.get(group)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield from _flat(f"{group} {row.get('name')}", row)


def _flat(group: str, content: Any) -> Iterator[tuple[str, Value]]:
    """Plain values of a mapping; what lies deeper, and lists, are left to the reports themselves."""
    if isinstance(content, dict):
        for name, value in content.items():
            if isinstance(value, (str, int, float)) and name != "name":
                yield f"{group}: {name}", value


def _plain(value: Any) -> Value:
    return value if isinstance(value, (str, int, float)) else None
