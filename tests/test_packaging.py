"""The wheel carries what an installed tool needs outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgel3_deploy.schemas import kinds


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    return next(target.glob("*.whl"))


def test_wheel_holds_templates_firmware_and_boards(wheel: Path, repository: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("templates", "firmware", "boards"):
        files = [path for path in (repository / folder).rglob("*") if path.is_file()]
        assert files
        missing = [
            path for path in files if f"edgel3_deploy/_data/{path.relative_to(repository)}" not in packed
        ]
        assert not missing


def test_wheel_holds_the_schemas(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert {f"edgel3_deploy/_schemas/{kind}.schema.json" for kind in kinds()} <= packed


def test_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert "edgel3_deploy/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_boards_are_found_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-m", "edgel3_deploy", "boards"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "STM32F769" in done.stdout
