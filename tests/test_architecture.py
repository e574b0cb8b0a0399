"""Arrows run one way where docs/architecture.md says that they do."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

STAGES = ("models", "train", "quantize", "compress")
"""Each may import those before it."""


def imported(path: Path) -> set[str]:
    """The packages of edgel3_deploy that a module imports anywhere."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("edgel3_deploy.")}


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_a_later_one(stage: str, repository: Path) -> None:
    later = set(STAGES[STAGES.index(stage) + 1 :]) | {"cli"}
    modules = sorted((repository / "edgel3_deploy" / stage).glob("*.py"))
    assert len(modules) > 3
    assert {path.name: found for path in modules if (found := imported(path) & later)} == {}
