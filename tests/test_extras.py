"""Extras are those of pyproject.toml, and what is missing of one is said in a line that names it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgel3_deploy.errors import ExitCode, MissingDependencyError
from edgel3_deploy.extras import EXTRAS, install_command, lacking, require_extra

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_the_extras_are_the_projects(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    asked = {
        extra: {requirement.split(">=")[0] for requirement in requirements}
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in ("all", "docs", "test")
    }
    assert {extra: set(parts) for extra, parts in EXTRAS.items()} == asked


def test_what_is_missing_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert lacking("train") == ("tensorflow",)
    with pytest.raises(MissingDependencyError) as caught:
        require_extra("train", "training")
    assert caught.value.message == "training needs tensorflow, of the extra [train]"
    assert caught.value.hint == 'pip install "edgel3-deploy[train]"'
    assert caught.value.exit_code == ExitCode.MISSING_DEPENDENCY


@pytest.mark.parametrize("extra", EXTRAS)
def test_all_are_at_hand_where_the_tests_run(extra: str) -> None:
    require_extra(extra, "this test")
    assert extra in install_command(extra)
