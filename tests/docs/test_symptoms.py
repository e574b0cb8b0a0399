"""docs/symptoms.md quotes messages as they are in the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "symptoms.md"
_VARIES = "..."


def quoted() -> list[str]:
    """The messages in headings, and the reasons in the table of the loader."""
    page = PAGE.read_text()
    headings = re.findall(r"^### (.*)$", page, re.MULTILINE)
    return [
        *(message for heading in headings for message in re.findall(r"`([^`]+)`", heading)),
        *re.findall(r"^\| `([^`]+) \([A-Z_]+\)` \|", page, re.MULTILINE),
    ]


def said(tree: ast.AST) -> set[str]:
    """The texts in a module, with `...` for what is formatted in."""
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else _VARIES for part in node.values)
            texts.add("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(re.sub(r"\{[^}]*\}", _VARIES, node.value))
    return texts


@pytest.fixture(scope="module")
def texts() -> str:
    """Everything that the package may print, one text a line."""
    found: set[str] = set()
    for path in sorted((REPOSITORY / "edgel3_deploy").rglob("*.py")):
        found |= said(ast.parse(path.read_text()))
    return "\n".join(found)


@pytest.mark.parametrize("message", quoted())
def test_every_quoted_message_is_one_of_the_tools(message: str, texts: str) -> None:
    pieces = [piece.strip() for piece in re.split(r"\.\.\.|0x", message)]
    assert max(map(len, pieces)) >= 7, "nothing that could be recognized"
    assert not [piece for piece in pieces if piece and piece not in texts]
