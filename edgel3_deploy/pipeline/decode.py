"""JSON into frozen dataclasses, trusting nothing: every value is checked by type and range, and named."""

from __future__ import annotations

import json
import math
import reprlib
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from edgel3_deploy.fileio import read_ordinary

LARGEST = (1 << 53) - 1
"""The largest whole number: what every JSON reader can hold."""

_T = TypeVar("_T")


class DecodeError(ValueError):
    """A value that cannot stand where it stands: the message names it."""


def read_json(path: Path) -> Any:
    """The JSON in a file; DecodeError if it is none, OSError if it cannot be read."""
    try:
        return json.loads(read_ordinary(path))
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"it is no JSON: {error}") from error


def decode(kind: type[_T], content: Any, name: str = "") -> _T:
    """`content` as a value of the dataclass `kind`, which asdict made it from; `name` is its place.

    Known types: dataclasses, unions of such that a Literal `kind` tells apart, tuples of one type, mappings
    from text, Literal, None, bool, str, float (finite) and int (0 to LARGEST). Raises DecodeError for another
    type, a missing or an unknown key, or text that no file could hold.
    """
    value: _T = _value(kind, content, name)
    return value


def _value(hint: Any, content: Any, name: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return _dataclass(hint, content, name)
    if origin is None:
        return _SCALARS[hint](content, name)
    if origin is Literal:
        return _choice(arguments, content, name)
    if origin is tuple:
        return _tuple(arguments[0], content, name)
    if origin in (Union, types.UnionType):
        return _union(arguments, content, name)
    return _mapping(arguments[1], content, name)


def _union(arguments: Sequence[Any], content: Any, name: str) -> Any:
    hints = [argument for argument in arguments if argument is not type(None)]
    if content is None and len(hints) < len(arguments):
        return None
    return _value(hints[0] if len(hints) == 1 else _kind(hints, content, name), content, name)


def _kind(hints: Sequence[Any], content: Any, name: str) -> Any:
    """Of several dataclasses the one whose `kind`, a Literal, the table has."""
    kinds = {get_args(get_type_hints(hint)["kind"])[0]: hint for hint in hints}
    return kinds[_choice(tuple(kinds), _table(content, name).get("kind"), _inner(name, "kind"))]


def _choice(choices: tuple[Any, ...], content: Any, name: str) -> str:
    if not isinstance(content, str) or content not in choices:
        raise _wrong(name, content, f"one of {', '.join(choices)}")
    return content


def _tuple(hint: Any, content: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(content, list):
        raise _wrong(name, content, "a list")
    return tuple(_value(hint, item, f"{name}[{index}]") for index, item in enumerate(content))


def _mapping(hint: Any, content: Any, name: str) -> dict[str, Any]:
    table = _table(content, name)
    return {_text(key, name): _value(hint, item, f"{name}[{_shown(key)}]") for key, item in table.items()}


def _dataclass(kind: Any, content: Any, name: str) -> Any:
    table = _table(content, name)
    hints = get_type_hints(kind)
    known = [field.name for field in fields(kind)]
    for key in known:
        if key not in table:
            raise DecodeError(f"{_place(_inner(name, key))} is missing")
    for key in table:
        if key not in known:
            raise DecodeError(f"{_place(_inner(name, _shown(key)[1:-1]))} is not known")
    return kind(**{key: _value(hints[key], table[key], _inner(name, key)) for key in known})


def _table(content: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(content, dict):
        raise _wrong(name, content, "a table")
    return content


def _whole(content: Any, name: str) -> int:
    if type(content) is not int or not 0 <= content <= LARGEST:
        raise _wrong(name, content, f"a whole number from 0 to {LARGEST}")
    return content


def _real(content: Any, name: str) -> float:
    if type(content) not in (int, float) or abs(content) > LARGEST or not math.isfinite(content):
        raise _wrong(name, content, "a finite number")
    return float(content)


def _flag(content: Any, name: str) -> bool:
    if type(content) is not bool:
        raise _wrong(name, content, "true or false")
    return content


def _text(content: Any, name: str) -> str:
    if not isinstance(content, str):
        raise _wrong(name, content, "text")
    if "\0" in content or any("\ud800" <= char <= "\udfff" for char in content):
        raise _wrong(name, content, "text that can be written")
    return content


_SCALARS: Mapping[Any, Any] = {int: _whole, float: _real, bool: _flag, str: _text}


def _inner(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _place(name: str) -> str:
    return f"'{name}'" if name else "the content"


def _shown(content: Any) -> str:
    return reprlib.repr(content).encode("ascii", "backslashreplace").decode()


def _wrong(name: str, content: Any, expected: str) -> DecodeError:
    return DecodeError(f"{_place(name)} is {_shown(content)}, not {expected}")
