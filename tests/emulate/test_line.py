from __future__ import annotations

import pytest

from edgel3_deploy.emulate import line as line_module
from edgel3_deploy.emulate.line import Line
from tests.emulate.wire import FakeWire, Host


@pytest.mark.parametrize(
    ("baudrate", "passes"), [(115_200.0, True), (118_000.0, True), (119_000.0, False), (0.0, False)]
)
def test_three_percent_of_speed_difference_are_tolerated(baudrate: float, passes: bool) -> None:
    wire = FakeWire(115_200)
    line = Line(wire)
    wire.incoming = b"hello"
    data, broken = line.receive(baudrate)
    assert (data == b"hello", broken) == (passes, not passes)
    line.send(b"hello", baudrate)
    assert (wire.outgoing == b"hello") == passes


def test_asking_without_end_lets_the_host_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "_POLL_GAP_SECONDS", 10.0)
    wire = FakeWire(115_200)
    line = Line(wire)
    rests: list[bool] = []
    line.on_rest = lambda: rests.append(True)
    for _ in range(line_module._POLLS_BEFORE_SLEEP + 1):
        line.receive(115_200)
    assert wire.waits == []
    line.receive(115_200)
    assert len(wire.waits) == len(rests) == 1
    line.send(b"x", 115_200)
    line.receive(115_200)
    assert len(wire.waits) == 1, "a program that sends is at work"


def test_in_real_pace_bytes_arrive_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    monkeypatch.setattr(line_module, "time", host)
    wire = FakeWire(10_000)
    line = Line(wire, real=True)
    wire.incoming = b"abc"
    line.tick()
    received = []
    for _ in range(4):
        received.append(line.receive(10_000)[0])
        host.now += 1.01e-3
    assert received == [b"", b"a", b"b", b"c"]


def test_waiting_for_a_byte_that_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    monkeypatch.setattr(line_module, "time", host)
    wire = FakeWire(1_000)
    line = Line(wire, real=True)
    wire.incoming = b"a"
    line.tick()
    started = host.now
    line.wait(5.0)
    assert host.now - started == pytest.approx(0.01)
    assert line.receive(1_000) == (b"a", False)
