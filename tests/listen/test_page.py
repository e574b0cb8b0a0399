"""The live page: what it serves, to whom, and what a browser makes of it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from edgel3_deploy.errors import UsageError
from edgel3_deploy.listen.heard import Sensor
from edgel3_deploy.listen.page import Page
from edgel3_deploy.listen.tally import Tally
from tests.listen.sensor import a_sensor, a_window


@contextmanager
def a_page(sensor: Sensor | None = None) -> Iterator[tuple[Page, Tally, int]]:
    sensor = sensor or a_sensor()
    tally = Tally(sensor)
    with Page(sensor, tally, 0) as page:
        port = urlsplit(page.url).port
        assert port is not None
        yield page, tally, port


def get(port: int, path: str, host: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    return response, response.read()


def events(port: int, count: int) -> list[tuple[str, dict[str, object]]]:
    """The next `count` server-sent events."""
    with socket.create_connection(("127.0.0.1", port), 60) as line:
        line.sendall(f"GET /events HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        data = b""
        while data.count(b"\n\n") < count:
            data += line.recv(4096)
    _, _, body = data.partition(b"\r\n\r\n")
    found = []
    for message in body.decode().split("\n\n")[:count]:
        kind, content = message.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(content.removeprefix("data: "))))
    return found


def test_the_page_is_self_contained_and_escapes_names() -> None:
    with a_page(a_sensor(model="<script>alert(1)</script>")) as (_, _, port):
        response, body = get(port, "/")
    text = body.decode()
    assert response.status == 200
    assert "<script>alert(1)" not in text and "&lt;script&gt;alert(1)" in text
    assert "http://" not in text and "https://" not in text and "//cdn" not in text
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in text and f'<style nonce="{nonce}">' in text
    assert 'name="viewport"' in text and "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("path", ["/", "/events"])
@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"])
def test_who_asks_by_another_name_is_refused(path: str, host: str) -> None:
    with a_page() as (_, _, port):
        response, body = get(port, path, host.format(port=port))
    assert response.status == 421
    assert b"car" not in body and b"small" not in body


def test_it_listens_on_the_loopback_address_alone() -> None:
    with a_page() as (page, _, _):
        assert page._server.server_address[0] == "127.0.0.1"


def test_nothing_else_is_there() -> None:
    with a_page() as (_, _, port):
        assert get(port, "/../etc/passwd")[0].status == 404
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/", body=b"x")
        assert connection.getresponse().status == 501


def test_a_page_that_opens_gets_what_was_before_and_then_what_comes() -> None:
    with a_page() as (page, tally, port):
        tally.add(a_window(0))
        page.show(a_window(0))

        def later() -> None:
            time.sleep(0.2)
            tally.add(a_window(1, missed=3))
            page.show(a_window(1, missed=3))

        thread = threading.Thread(target=later)
        thread.start()
        (first, sensor), (second, past), (third, new) = events(port, 3)
        thread.join()
    assert (first, second, third) == ("sensor", "window", "window")
    assert sensor["labels"] == ["car <horn>", "dog", "rain"]
    assert (past["sequence"], new["sequence"], new["all_missed"], new["windows"]) == (0, 1, 3, 2)
    assert past["present"] == ["dog"] and "embedding" not in past


def test_the_end_is_told() -> None:
    found: list[tuple[str, dict[str, object]]] = []
    with a_page() as (page, _, port):
        reader = threading.Thread(target=lambda: found.extend(events(port, 2)))
        reader.start()
        while not page._pages:
            time.sleep(0.01)
    reader.join(60)
    assert [kind for kind, _ in found] == ["sensor", "end"]


def test_a_page_that_takes_nothing_holds_nobody_up() -> None:
    with a_page() as (page, _, _):
        slow = page.subscribe()
        assert slow is not None
        for sequence in range(600):
            page.show(a_window(sequence))
        assert slow.full()
        newest = [slow.get_nowait() for _ in range(slow.qsize())][-1]
    assert newest is not None and b'"sequence": 599' in newest


def test_so_many_pages_and_no_more() -> None:
    with a_page() as (page, _, port):
        for _ in range(16):
            assert page.subscribe() is not None
        assert get(port, "/events")[0].status == 503


def test_a_port_that_is_taken_is_said() -> None:
    said = r"cannot be served on port \d+: Address already in use"
    with a_page() as (_, _, port), pytest.raises(UsageError, match=said):
        Page(a_sensor(), Tally(a_sensor()), port)
