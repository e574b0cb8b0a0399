"""Fixtures for the kernels: compiled once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.kernels.host import HostKernels


@pytest.fixture(scope="session")
def host_kernels(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """The portable twins on this machine."""
    return HostKernels(host_gcc, tmp_path_factory.mktemp("kernels"))
