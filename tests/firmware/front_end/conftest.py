"""Both front ends in both forms, compiled once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.audio.frontend import L3, SEA
from tests.firmware.front_end.host import HostFrontEnd
from tests.firmware.front_end.windows import some_affine


@pytest.fixture(scope="session")
def host_front_ends(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, HostFrontEnd]:
    """The C on this machine, by front end."""
    return {
        sizes.name: HostFrontEnd(host_gcc, tmp_path_factory.mktemp(sizes.name), sizes, some_affine())
        for sizes in (SEA, L3)
    }


@pytest.fixture(scope="session")
def host_windows(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, HostFrontEnd]:
    """The C that makes one window of a stream, by front end."""
    return {
        sizes.name: HostFrontEnd(
            host_gcc, tmp_path_factory.mktemp(f"{sizes.name}-window"), sizes, some_affine(), streams=False
        )
        for sizes in (SEA, L3)
    }
