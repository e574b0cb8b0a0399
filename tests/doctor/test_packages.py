"""Python's packages, looked up without being imported."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.packages import LIBRARIES, PACKAGES, examine_python
from edgel3_deploy.extras import EXTRAS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def test_the_packages_are_those_that_the_project_asks_for(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(each for name in EXTRAS for each in extras[name])]
    names = {requirement.split(">=")[0] for requirement in asked} - {"tomli"}
    assert {*LIBRARIES, *(package.name for package in PACKAGES)} == names


def absent(monkeypatch: pytest.MonkeyPatch, *names: str) -> dict[str, Finding]:
    def version(name: str) -> str:
        if name in names:
            raise metadata.PackageNotFoundError(name)
        return "1.2.3"

    monkeypatch.setattr(metadata, "version", version)
    return {finding.name: finding for finding in examine_python()}


def test_installed_packages_show_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    found = absent(monkeypatch)
    assert all(finding.status == "ok" for finding in found.values())
    assert found["unicorn"].detail == "1.2.3, for virtual boards"
    assert found["libraries"].facts["versions"]["numpy"] == "1.2.3"


def test_a_missing_library_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = absent(monkeypatch, "cobs", "rich")["libraries"]
    assert (finding.status, finding.needed, finding.detail) == ("missing", True, "cobs, rich")
    assert finding.remedy == "`pip install cobs rich`"


def test_training_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = absent(monkeypatch, "tensorflow")["tensorflow"]
    assert (finding.status, finding.needed, finding.remedy) == (
        "missing",
        False,
        '`pip install "edgel3-deploy[train]"`',
    )


def test_qemus_board_does_without_unicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert absent(monkeypatch, "unicorn")["unicorn"].needed
    found = {finding.name: finding for finding in examine_python(frozenset({"unicorn"}))}
    assert (found["unicorn"].status, found["unicorn"].needed) == ("missing", False)


def test_an_old_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    finding = next(examine_python())
    assert (finding.status, finding.remedy) == ("missing", "Install Python 3.10 or newer.")
