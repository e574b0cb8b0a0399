"""Shared fixtures: what the machine offers decides what runs, and a skip says what was missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from edgel3_deploy import schemas
from edgel3_deploy.audio.opensfx import extract

OPENSFX = Path("/usr/share/games/openttd/baseset/opensfx/opensfx.cat")
REPOSITORY = Path(__file__).resolve().parent.parent

# How long an example takes, or is drawn, says how busy the machine is. The same sources give the same
# examples, so that what passed passes again; `make fuzz` looks for what nobody has seen.
settings.register_profile(
    "repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")


def _tool(name: str, package: str) -> Path:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return Path(found)


@pytest.fixture(autouse=True)
def _documents_follow_their_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever JSON a test makes a command print, or a build or report hold, is as its schema says."""
    genuine = schemas.document

    def checked(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        from jsonschema import Draft202012Validator

        made = genuine(kind, content)
        Draft202012Validator(schemas.schema(kind)).validate(made)
        return made

    monkeypatch.setattr(schemas, "document", checked)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout under test."""
    return REPOSITORY


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder with models/ and audio/: real weights and recordings, which the repository does not carry."""
    folder = os.environ.get("EDGEL3_DEPLOY_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EDGEL3_DEPLOY_TEST_DATA names no folder with models/ and audio/")
    return Path(folder)


@pytest.fixture(scope="session")
def sea_64_weights(test_data: Path) -> Path:
    """The published sea-64 weights, as downloaded."""
    return test_data / "models" / "edgel3_sea_ust_audio_emb_64.h5.gz"


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of real recordings: those of the test data, else those of Debian's openttd-opensfx."""
    folder = os.environ.get("EDGEL3_DEPLOY_TEST_DATA", "")
    if folder and Path(folder).is_dir():
        return Path(folder) / "audio" / "clips"
    if not OPENSFX.is_file():
        pytest.skip(f"no recordings: EDGEL3_DEPLOY_TEST_DATA names no folder, and there is no {OPENSFX}")
    extracted = tmp_path_factory.mktemp("opensfx")
    for path in extract(OPENSFX, extracted):
        path.rename(extracted / path.name)
    return extracted


@pytest.fixture(scope="session")
def opensfx() -> Path:
    """The sound catalogue of Debian's openttd-opensfx."""
    if not OPENSFX.is_file():
        pytest.skip(f"{OPENSFX} is not installed (Debian package openttd-opensfx)")
    return OPENSFX


@pytest.fixture(scope="session")
def arm_gcc() -> Path:
    """The cross compiler."""
    return _tool("arm-none-eabi-gcc", "gcc-arm-none-eabi")


@pytest.fixture(scope="session")
def host_gcc() -> Path:
    """The host's C compiler."""
    return _tool("gcc", "gcc")


@pytest.fixture(scope="session")
def qemu() -> Path:
    """QEMU's Arm system emulator."""
    return _tool("qemu-system-arm", "qemu-system-arm")


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's cache out of the tests: one a session, so that quantization runs once."""
    base = tmp_path_factory.getbasetemp() / "cache"
    base.mkdir(exist_ok=True)
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(base))
