"""DMAMUX1: each stream serves the request that its channel names."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edgel3_deploy.emulate.stm32.dmamux import DmaMux

REQUEST = 87


class Nothing:
    data = 0x4001_5820

    def take(self, looked: bool) -> NDArray[np.uint32]:
        return np.zeros(0, np.uint32)


SOURCE = Nothing()


@pytest.fixture
def mux() -> DmaMux:
    return DmaMux(lambda _line: None, {REQUEST: SOURCE}, lambda: True)


@pytest.mark.parametrize(("controller", "stream", "channel"), [(1, 0, 0), (1, 7, 7), (2, 0, 8), (2, 3, 11)])
def test_streams_of_both_controllers_are_counted_through(
    mux: DmaMux, controller: int, stream: int, channel: int
) -> None:
    assert mux.source(controller, stream) is None
    mux.write(4 * channel, REQUEST)
    assert mux.source(controller, stream) is SOURCE
    assert mux.source(3 - controller, stream) is None


def test_other_requests_and_synchronized_ones_never_come(mux: DmaMux) -> None:
    for control in (REQUEST - 1, REQUEST | 1 << 16):
        mux.write(0, control)
        assert mux.source(1, 0) is None


def test_it_has_a_clock_when_a_controller_has() -> None:
    powered = [False]
    mux = DmaMux(lambda _line: None, {}, lambda: powered[0])
    assert not mux.reached()
    powered[0] = True
    assert mux.reached()
