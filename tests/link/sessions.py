"""A client that speaks with a fake board, or with any device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgel3_deploy.link.client import Client
from edgel3_deploy.link.port import open_port
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import PtyDevice


@contextmanager
def session(**options: Any) -> Iterator[tuple[Client, FakeBoard]]:
    with FakeBoard(**options) as board, open_port(board.path, 115_200) as port:
        yield Client(port, timeout=0.15, run_timeout=2), board


@contextmanager
def session_with(device: PtyDevice) -> Iterator[Client]:
    with device, open_port(device.path, 115_200) as port:
        yield Client(port, timeout=0.15, retries=1)
