"""Every kind of JSON has a schema that says something, and every schema a kind that is made and documented.

That real outputs follow their schemas is checked wherever a test makes one: see tests/conftest.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from edgel3_deploy import schemas
from edgel3_deploy.schemas import SCHEMA_VERSION, kinds, schema

_MADE = re.compile(r'(?:emit_json|file_bytes|document)\(\s*"([a-z-]+)"')


def test_kinds_made_are_kinds_described(repository: Path) -> None:
    made = {
        kind
        for path in (repository / "edgel3_deploy").rglob("*.py")
        for kind in _MADE.findall(path.read_text())
    }
    assert made == set(kinds())


@pytest.mark.parametrize("kind", kinds())
def test_a_schema_is_one_and_names_version_and_kind(kind: str) -> None:
    found = schema(kind)
    Draft202012Validator.check_schema(found)
    assert found["properties"]["schema_version"] == {"const": SCHEMA_VERSION}
    assert found["properties"]["kind"] == {"const": kind}
    assert {"schema_version", "kind"} < set(found["required"]) <= set(found["properties"])
    assert found["title"]


@pytest.mark.parametrize("kind", kinds())
def test_whatever_is_left_out_is_missed(kind: str) -> None:
    found = schema(kind)
    whole = {name: _example(part) for name, part in found["properties"].items()}
    validator = Draft202012Validator(found)
    validator.validate(whole)
    for name in found["required"]:
        with pytest.raises(ValidationError, match=f"'{name}' is a required property"):
            validator.validate({key: value for key, value in whole.items() if key != name})


def test_numbers_are_no_texts() -> None:
    content = {"name": "x", "used": "1,234", "limit": 5}
    part = schema("report")["properties"]["budget"]["items"]
    with pytest.raises(ValidationError, match="is not of type 'integer'"):
        Draft202012Validator(part).validate(content)


def test_what_is_not_finite_is_null() -> None:
    content = {"model": "m", "figures": [1.5, float("inf"), {"x": (float("nan"), 2)}]}
    made = schemas.__dict__["_finite"](content)
    assert made == {"model": "m", "figures": [1.5, None, {"x": [None, 2]}]}


def test_an_unknown_kind_is_said() -> None:
    with pytest.raises(KeyError):
        schema("nonsense")


def test_the_page_lists_every_kind(repository: Path) -> None:
    page = (repository / "docs" / "json.md").read_text()
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(kinds())


def _example(part: dict[str, Any]) -> Any:
    """The simplest value that follows a schema."""
    if "anyOf" in part:
        return _example(part["anyOf"][-1])
    fixed = [part["const"]] if "const" in part else part.get("enum", ())
    if fixed:
        return fixed[0]
    kind = part["type"] if isinstance(part["type"], str) else part["type"][-1]
    digits = re.search(r"\{(\d+)\}", part.get("pattern", ""))
    simple: dict[str, Any] = {
        "string": "0" * int(digits[1]) if digits else "",
        "integer": 1,
        "number": 0.5,
        "boolean": True,
        "null": None,
        "array": [_example(part["items"])] * part.get("minItems", 0) if kind == "array" else [],
        "object": {name: _example(part["properties"][name]) for name in part.get("required", ())},
    }
    return simple[kind]
