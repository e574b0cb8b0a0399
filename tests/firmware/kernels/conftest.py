"""The kernels, compiled once for this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.kernels.binding import HostKernels


@pytest.fixture(scope="session")
def kernels(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """The host build of firmware/kernels."""
    return HostKernels(host_gcc, tmp_path_factory.mktemp("kernels"))
