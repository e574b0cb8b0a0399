"""What a sensor hears on a page that this machine alone can open: HTTP with server-sent events.

The server listens on the loopback address and answers only who asks for it by that name: a page from
elsewhere whose name was made to point here (DNS rebinding) is refused. The page takes nothing from outside.
"""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import threading
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from edgel3_deploy.errors import UsageError
from edgel3_deploy.listen.heard import Event, Heard, Sensor
from edgel3_deploy.listen.recording import event_values, sensor_values
from edgel3_deploy.listen.tally import Tally
from edgel3_deploy.templating import template_environment

ADDRESS = "127.0.0.1"
PORT = 8323
_HISTORY = 120
"""Windows that a page gets when it is opened."""
_QUEUE = 256
"""Messages that a page may be behind; then it misses the oldest."""
_MOST_PAGES = 16
_HEARTBEAT_SECONDS = 10.0
_SENDING_SECONDS = 20.0


class Page:
    """Serves the page while the context lasts; `show` gives it an event."""

    def __init__(self, sensor: Sensor, tally: Tally, port: int = PORT) -> None:
        """Raises UsageError if the port cannot be had."""
        self._sensor = sensor
        self._tally = tally
        self._past: deque[bytes] = deque(maxlen=_HISTORY)
        self._pages: set[queue.Queue[bytes | None]] = set()
        self._lock = threading.Lock()
        nonce = secrets.token_urlsafe(16)
        content = (
            template_environment(escape_html=True)
            .get_template("listen.html.j2")
            .render(sensor=sensor, nonce=nonce)
            .encode()
        )
        try:
            self._server = _Server((ADDRESS, port), self, content, nonce)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"the page cannot be served on port {port}: {getattr(error, 'strerror', error)}",
                "Choose another one: --web PORT, 0 for any that is free.",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self.url = f"http://{ADDRESS}:{self._server.server_port}/"

    def __enter__(self) -> Page:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            for page in self._pages:
                self._put(page, None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def show(self, event: Event) -> None:
        """Send a window, with the counts so far, to all pages that are open."""
        if not isinstance(event, Heard):
            return
        totals = self._tally.totals()
        values = {
            **event_values(event),
            "windows": totals.windows,
            "all_missed": totals.missed,
            "gaps": totals.gaps,
            "windows_per_second": self._tally.windows_per_second,
        }
        # The page shows scores, levels and bands; embeddings are long.
        del values["embedding"]
        message = _message("window", values)
        with self._lock:
            self._past.append(message)
            for page in self._pages:
                self._put(page, message)

    def subscribe(self) -> queue.Queue[bytes | None] | None:
        """A queue of messages, with what was before; None ends it. None if too many pages are open."""
        page: queue.Queue[bytes | None] = queue.Queue(_QUEUE)
        with self._lock:
            if len(self._pages) >= _MOST_PAGES:
                return None
            page.put(_message("sensor", sensor_values(self._sensor)))
            for message in self._past:
                page.put(message)
            self._pages.add(page)
        return page

    def unsubscribe(self, page: queue.Queue[bytes | None]) -> None:
        """That page is closed."""
        with self._lock:
            self._pages.discard(page)

    @staticmethod
    def _put(page: queue.Queue[bytes | None], message: bytes | None) -> None:
        """Without waiting."""
        with contextlib.suppress(queue.Empty):
            while page.full():
                page.get_nowait()
        page.put_nowait(message)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of pages that are open end by themselves; none is waited for.
    block_on_close = False

    def __init__(self, address: tuple[str, int], page: Page, content: bytes, nonce: str) -> None:
        super().__init__(address, _Handler)
        self.page = page
        self.content = content
        self.nonce = nonce
        names = (ADDRESS, "localhost")
        self.hosts = {f"{name}:{self.server_port}" for name in names}
        if self.server_port == 80:
            self.hosts |= set(names)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no event."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "edgel3-deploy"
    sys_version = ""
    timeout = _SENDING_SECONDS

    def do_GET(self) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "This page is for this machine alone")
        elif self.path == "/":
            self._head("text/html; charset=utf-8", len(self.server.content))
            self.wfile.write(self.server.content)
        elif self.path == "/events":
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _stream(self) -> None:
        page = self.server.page.subscribe()
        if page is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages are open")
            return
        try:
            self._head("text/event-stream")
            while True:
                try:
                    message = page.get(timeout=_HEARTBEAT_SECONDS)
                except queue.Empty:
                    message = b":\n\n"
                if message is None:
                    self.wfile.write(_message("end", {}))
                    return
                self.wfile.write(message)
                self.wfile.flush()
        except OSError:
            return
        finally:
            self.server.page.unsubscribe(page)

    def _head(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        nonce = f"'nonce-{self.server.nonce}'"
        policy = f"default-src 'none'; script-src {nonce}; style-src {nonce}; connect-src 'self'"
        self.send_header("Content-Security-Policy", f"{policy}; base-uri 'none'; frame-ancestors 'none'")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not reported."""


def _message(kind: str, values: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(values)}\n\n".encode()
