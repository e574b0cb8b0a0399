"""The sound path, compiled once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.sound.host import HostSound


@pytest.fixture(scope="session")
def host_sound(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> HostSound:
    """The portable path on this machine."""
    return HostSound(host_gcc, tmp_path_factory.mktemp("sound"))
