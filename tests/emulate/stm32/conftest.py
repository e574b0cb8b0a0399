"""What all models of peripherals report to."""

from __future__ import annotations

import pytest

from tests.emulate.wire import Host


@pytest.fixture
def said() -> list[str]:
    """What a model has found fault with."""
    return []


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stays in a transmitter that nobody looks at does not leave because the machine is busy."""
    monkeypatch.setattr("edgel3_deploy.emulate.stm32.transmitter.time", Host())
