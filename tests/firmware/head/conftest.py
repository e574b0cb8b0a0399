"""The head's kernels: compiled for this machine, and run on an emulated Cortex-M7."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.head.host import HostHead, compile_host


@pytest.fixture(scope="session")
def host_head(host_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> HostHead:
    """The kernels of firmware/head/ on this machine, without a generated head."""
    return HostHead(compile_host(host_gcc, tmp_path_factory.mktemp("head")))
