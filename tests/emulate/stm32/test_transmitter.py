from __future__ import annotations

import pytest

from edgel3_deploy.emulate.stm32 import transmitter as transmitter_module
from edgel3_deploy.emulate.stm32.transmitter import Transmitter
from tests.emulate.wire import Host

FRAME = 1e-3


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()
    monkeypatch.setattr(transmitter_module, "time", host)
    return host


@pytest.fixture
def sent() -> list[int]:
    return []


@pytest.mark.usefixtures("host")
def test_in_turbo_pace_a_frame_takes_two_looks(sent: list[int]) -> None:
    transmitter = Transmitter(sent.append, real=False)
    transmitter.put(1, FRAME)
    transmitter.put(2, FRAME)
    assert transmitter.look() == (False, False)
    assert (transmitter.look(), sent) == ((True, False), [1])
    assert transmitter.look() == (True, False)
    assert (transmitter.look(), sent) == ((True, True), [1, 2])


def test_a_frame_leaves_although_nobody_looks(host: Host, sent: list[int]) -> None:
    transmitter = Transmitter(sent.append, real=False)
    transmitter.put(1, FRAME)
    transmitter.elapse()
    assert sent == []
    host.now += 0.06
    transmitter.elapse()
    assert sent == [1]


def test_in_real_pace_frames_follow_each_other(host: Host, sent: list[int]) -> None:
    transmitter = Transmitter(sent.append, real=True)
    transmitter.put(1, FRAME)
    transmitter.put(2, FRAME)
    for _ in range(5):
        assert transmitter.look() == (False, False)
    host.now += 1.1 * FRAME
    assert (transmitter.look(), sent) == ((True, False), [1])
    host.now += FRAME
    assert (transmitter.look(), sent) == ((True, True), [1, 2])


@pytest.mark.usefixtures("host")
def test_a_full_data_register_is_overwritten(sent: list[int]) -> None:
    transmitter = Transmitter(sent.append, real=False)
    for byte in (1, 2, 3):
        transmitter.put(byte, FRAME)
    for _ in range(6):
        transmitter.look()
    assert sent == [1, 3]


def test_a_reset_loses_both_registers(host: Host, sent: list[int]) -> None:
    transmitter = Transmitter(sent.append, real=False)
    transmitter.put(1, FRAME)
    transmitter.put(2, FRAME)
    transmitter.reset()
    host.now += 1.0
    assert transmitter.look() == (True, True)
    assert sent == []
