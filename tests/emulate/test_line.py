from __future__ import annotations

import pytest

from edgel3_deploy.emulate import line as line_module
from edgel3_deploy.emulate.line import Line
from tests.emulate.wire import FakeWire


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
