"""JSON comes back as the dataclass that it was made from; anything else is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.pipeline.decode import LARGEST, DecodeError, decode, read_json


@dataclass(frozen=True)
class Inner:
    """A table in a table."""

    size: int


@dataclass(frozen=True)
class Circle:
    """One of two shapes."""

    radius: int
    kind: Literal["circle"] = "circle"


@dataclass(frozen=True)
class Square:
    """The other one."""

    side: int
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Outer:
    """A field of every type that is known."""

    text: str
    flag: bool
    ratio: float
    kind: Literal["a", "b"]
    inner: Inner | None
    rows: tuple[tuple[int, ...], ...]
    names: Mapping[str, str]
    shape: Circle | Square | None


WHOLE = Outer("t", True, 0.5, "b", Inner(7), ((1, 2), ()), {"k": "v"}, Square(4))
CONTENT = json.loads(json.dumps(asdict(WHOLE)))


@given(
    st.builds(
        Outer,
        text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        ratio=st.floats(-1e9, 1e9),
        inner=st.none() | st.builds(Inner, st.integers(0, LARGEST)),
        rows=st.tuples(st.tuples(st.integers(0, 9))),
        names=st.just({"k": "v"}),
        shape=st.none() | st.builds(Circle, st.integers(0, 9)) | st.builds(Square, st.integers(0, 9)),
    )
)
def test_what_asdict_made_comes_back(value: Outer) -> None:
    assert decode(Outer, json.loads(json.dumps(asdict(value)))) == value


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"text": 7}, "'text' is 7, not text"),
        ({"shape": {"side": 1, "kind": "line"}}, "'shape.kind' is 'line', not one of circle, square"),
        ({"shape": {"side": 1, "kind": "circle"}}, "'shape.radius' is missing"),
        ({"shape": {"side": 1}}, "'shape.kind' is None, not one of circle, square"),
        ({"text": "\ud800"}, "'text' is '\\ud800', not text that can be written"),
        ({"flag": 1}, "'flag' is 1, not true or false"),
        ({"ratio": float("inf")}, "'ratio' is inf, not a finite number"),
        ({"ratio": True}, "'ratio' is True, not a finite number"),
        ({"ratio": 10**400}, "not a finite number"),
        ({"kind": "c"}, "'kind' is 'c', not one of a, b"),
        ({"kind": []}, "'kind' is [], not one of a, b"),
        ({"inner": {"size": -1}}, "'inner.size' is -1, not a whole number"),
        ({"inner": {"size": 1.0}}, "'inner.size' is 1.0, not a whole number"),
        ({"inner": {}}, "'inner.size' is missing"),
        ({"inner": {"size": 1, "more": 2}}, "'inner.more' is not known"),
        ({"rows": ""}, "'rows' is '', not a list"),
        ({"rows": [[0], ""]}, "'rows[1]' is '', not a list"),
        ({"rows": [[0, None]]}, "'rows[0][1]' is None, not a whole number"),
        ({"names": {"k": 1}}, "'names['k']' is 1, not text"),
        ({"names": ["k"]}, "'names' is ['k'], not a table"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(Outer, {**CONTENT, **changed})
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, 7, "text", [], [1]])
def test_what_is_no_table_is_named(content: object) -> None:
    with pytest.raises(DecodeError, match=r"the content is .* not a table"):
        decode(Outer, content)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000])
def test_what_is_no_json_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DecodeError, match="no JSON"):
        read_json(tmp_path / "file")
