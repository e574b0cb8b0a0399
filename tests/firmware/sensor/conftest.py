"""The sensor's C for a microphone at 48 kHz, with three labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.firmware.sensor.host import HostSensor, build_sensor

LABELS = 3
RATE = 48_000


@pytest.fixture(scope="session")
def sensor_library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sensor(host_gcc, repository, tmp_path_factory.mktemp("sensor"), RATE, LABELS)


@pytest.fixture
def sensor(sensor_library: Path) -> HostSensor:
    """A board that was switched on."""
    return HostSensor(sensor_library, LABELS)
