"""A client that speaks with a fake board, or with any device that answers rather than talks by itself.

However busy the machine is, the client waits until the device is done: time passes only while nothing is on
its way, and then at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest.mock import patch

from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import Port, open_port
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import PtyDevice


class Clock:
    """The client's time, in place of the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class PatientPort(Port):
    """Reads what the device sends however late, and nothing only when the device has nothing to say."""

    def __init__(self, port: Port, device: PtyDevice, clock: Clock) -> None:
        super().__init__(port._device, port.path)
        self._peer = device
        self._clock = clock
        self._written = self._taken = 0

    def write(self, data: bytes) -> None:
        super().write(data)
        self._written += len(data)

    def read(self, timeout: float) -> bytes:
        while True:
            # In this order: who has handled all has sent its answers.
            is_silent = self._peer.is_done_with(self._written) and self._peer.sent == self._taken
            data = super().read(0)
            self._taken += len(data)
            if is_silent and not data:
                self._clock.now += timeout
            if is_silent or data:
                return data


class BabblingPort:
    """Stands for a port on which a piece of text comes every so many seconds of the clock, unasked."""

    path, baudrate = "/dev/ttyX", 115_200

    def __init__(self, text: bytes, seconds: float, clock: Clock) -> None:
        self._text, self._seconds, self._clock = text, seconds, clock

    def write(self, data: bytes) -> None:
        pass

    def read(self, timeout: float) -> bytes:
        self._clock.now += min(timeout, self._seconds)
        return self._text if timeout >= self._seconds else b""


@contextmanager
def client_time() -> Iterator[Clock]:
    """The clock that clients go by meanwhile."""
    clock = Clock()
    with (
        patch("edgel3_deploy.link.exchange.time", clock),
        patch("edgel3_deploy.link.client.time", clock),
    ):
        yield clock


@contextmanager
def patient_port(device: PtyDevice) -> Iterator[Port]:
    """The device's port, open, while the client's time is a `Clock`."""
    with open_port(device.path, 115_200) as port, client_time() as clock:
        yield PatientPort(port, device, clock)


@contextmanager
def session(**options: Any) -> Iterator[tuple[Client, FakeBoard]]:
    with FakeBoard(**options) as board, patient_port(board) as port:
        yield Client(port, timeout=0.15, run_timeout=2), board


@contextmanager
def session_with(device: PtyDevice) -> Iterator[Client]:
    with device, patient_port(device) as port:
        yield Client(port, timeout=0.15, retries=1)


@contextmanager
def session_with_babble(text: bytes, seconds: float) -> Iterator[tuple[Client, Clock]]:
    with client_time() as clock:
        yield Client(cast(Port, BabblingPort(text, seconds, clock))), clock
