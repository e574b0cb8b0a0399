"""Strict reading of one TOML table: each key is known, typed and in range, or the error names it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.resources import boards_dir

EXAMPLE = f"{boards_dir() / 'stm32f7.toml'} is an example."
"""A hint for whoever writes a board file."""

_SIZE = re.compile(r"([0-9]{1,10})([KM]?)")
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}
_ADDRESS_SPACE = 1 << 32


def nearest(word: str, choices: Iterable[str]) -> str:
    """The closest of `choices` as a question for a hint, or "" when none is close."""
    matches = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=0.6)
    return f"Did you mean '{matches[0]}'?" if matches else ""


def shown(value: object, limit: int = 60) -> str:
    """`value` as a message may quote it: on one line, short, without what a terminal would act on."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >> 64:
        return "a number of more than 64 bits"
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in str(value))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def parse_size(text: str) -> int | None:
    """Bytes of a size such as "128K", "2M" or "4096"; None if it is not one."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match else None


class Table:
    """One table of a board file. `keys` are those that may appear; any other raises BadInputError at once."""

    def __init__(
        self, source: Path, name: str, values: Mapping[str, Any], keys: Iterable[str] | None
    ) -> None:
        self.source = source
        self.name = name
        self._values = values
        known = list(values if keys is None else keys)
        for key in values:
            if key not in known:
                hint = nearest(key, known) or f"Known keys: {', '.join(known)}."
                raise BadInputError(f"{source}: unknown key '{self._path(key)}'", hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys present, in the order of the file."""
        return tuple(self._values)

    def fail(self, key: str, problem: str, hint: str = "") -> NoReturn:
        """Raise BadInputError that names file and key."""
        raise BadInputError(f"{self.source}: '{self._path(key)}' {problem}", hint or EXAMPLE)

    def table(self, key: str, keys: Iterable[str] | None = None) -> Table:
        """A nested table; `keys` None accepts any key (a table of named things)."""
        return Table(self.source, self._path(key), self._value(key, dict, "a table"), keys)

    def text(self, key: str, pattern: str = r"[ -~]+") -> str:
        """A string that matches `pattern` as a whole; by default one line of printable ASCII."""
        value: str = self._value(key, str, "a string")
        if not re.fullmatch(pattern, value):
            self.fail(key, f"is '{shown(value)}', which does not match {pattern}")
        return value

    def choice(self, key: str, choices: Iterable[str]) -> str:
        """A string that is one of `choices`."""
        value: str = self._value(key, str, "a string")
        known = list(choices)
        if value not in known:
            self.fail(
                key, f"is '{shown(value)}'", nearest(value, known) or f"Give one of: {', '.join(known)}."
            )
        return value

    def flag(self, key: str) -> bool:
        """A boolean."""
        value: bool = self._value(key, bool, "true or false")
        return value

    def integer(self, key: str, low: int = 0, high: int = _ADDRESS_SPACE - 1) -> int:
        """An integer in [low, high]."""
        value: int = self._value(key, int, "an integer")
        if isinstance(value, bool):
            self.fail(key, "must be an integer")
        if not low <= value <= high:
            self.fail(key, f"is {shown(value)}, outside {low}..{high}")
        return value

    def size(self, key: str) -> int:
        """Bytes, at least 1, as an integer or as text such as "128K"."""
        value = self._value(key, (int, str), "a size")
        size = parse_size(value) if isinstance(value, str) else value
        if size is None or isinstance(size, bool) or not 1 <= size <= _ADDRESS_SPACE:
            self.fail(
                key,
                f"is '{shown(value)}', which is no size",
                'Write bytes, or a size such as "128K" or "2M".',
            )
        return size

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._value(key, list, "a list of strings")
        if not all(isinstance(entry, str) for entry in value):
            self.fail(key, "must be a list of strings")
        return tuple(value)

    def _path(self, key: str) -> str:
        return f"{self.name}.{shown(key)}" if self.name else shown(key)

    def _value(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        if key not in self._values:
            raise BadInputError(
                f"{self.source}: missing key '{self._path(key)}'",
                f"Add {key} ({what}). {EXAMPLE}",
            )
        value = self._values[key]
        if not isinstance(value, kind):
            self.fail(key, f"must be {what}")
        return value
