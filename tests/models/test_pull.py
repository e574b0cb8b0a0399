"""Downloads against a small HTTP server: resumed, checked, cleaned up."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edgel3_deploy.errors import DownloadError, UsageError
from edgel3_deploy.fileio import locked
from edgel3_deploy.models import family
from edgel3_deploy.models import pull as pull_module
from edgel3_deploy.models.locate import downloads_dir
from edgel3_deploy.models.pull import pull

CONTENT = bytes(range(256)) * 1000


@dataclass
class Server:
    """What the server sends next, and which Range headers it was asked for."""

    url: str = ""
    content: bytes = CONTENT
    knows_ranges: bool = True
    breaks_after: int | None = None
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.knows_ranges else 0
            if state.status != 200:
                self.send_error(state.status)
            elif start >= len(state.content):
                self.send_error(416)
            else:
                body = state.content[start:]
                self.send_response(206 if start else 200)
                if start:
                    end = len(state.content)
                    self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: state.breaks_after])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setenv("EDGEL3_DEPLOY_MODELS_URL", state.url)
        monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path / "cache"))
        digest = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
        published = replace(family.member("sea-64"), blob_id=digest)
        monkeypatch.setattr(family, "FAMILY", (published, *family.FAMILY[1:]))
        yield state
        http.shutdown()
        thread.join()


def part() -> Path:
    return downloads_dir() / "edgel3_sea_ust_audio_emb_64.h5.gz.part"


def leave_part(content: bytes) -> None:
    part().parent.mkdir(parents=True)
    part().write_bytes(content)


def test_the_file_arrives_once(server: Server) -> None:
    seen: list[tuple[str, int, int]] = []
    path = pull("sea-64", progress=lambda stage, done=0, total=0: seen.append((stage, done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("downloading sea-64", len(CONTENT), len(CONTENT))
    assert not part().exists()
    assert pull("sea-64") == path
    assert server.ranges == [None]


def test_an_interrupted_download_is_resumed(server: Server) -> None:
    server.breaks_after = 1000
    with pytest.raises(DownloadError, match=r"1,000 of 256,000 bytes") as caught:
        pull("sea-64")
    assert "resume" in caught.value.hint
    server.breaks_after = None
    assert pull("sea-64").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-"]


def test_a_server_without_ranges_is_read_from_the_start(server: Server) -> None:
    server.knows_ranges = False
    leave_part(CONTENT[:500])
    assert pull("sea-64").read_bytes() == CONTENT


def test_a_finished_part_needs_no_download(server: Server) -> None:
    leave_part(CONTENT)
    assert pull("sea-64").read_bytes() == CONTENT
    assert server.ranges == []


@pytest.mark.parametrize("stale", [b"other bytes", CONTENT + b"too long"])
def test_a_part_of_something_else_is_replaced(server: Server, stale: bytes) -> None:
    leave_part(stale)
    assert pull("sea-64").read_bytes() == CONTENT


def test_a_damaged_file_in_the_cache_is_replaced(server: Server) -> None:
    path = pull("sea-64")
    path.write_bytes(b"damaged")
    assert pull("sea-64").read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(server: Server) -> None:
    server.content = b"<html>log in, please</html>"
    with pytest.raises(DownloadError, match="is not sea-64"):
        pull("sea-64")
    assert list(downloads_dir().iterdir()) == []


def test_an_absurd_size_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_module, "MAX_DOWNLOAD_BYTES", 1000)
    with pytest.raises(DownloadError, match="too large"):
        pull("sea-64")
    assert list(downloads_dir().iterdir()) == []


def test_http_errors_are_reported(server: Server) -> None:
    server.status = 404
    with pytest.raises(DownloadError, match="HTTP 404"):
        pull("sea-64")
    assert list(downloads_dir().iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[broken"])
def test_an_unreachable_server_is_reported(server: Server, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EDGEL3_DEPLOY_MODELS_URL", url)
    with pytest.raises(DownloadError) as caught:
        pull("sea-64")
    assert caught.value.hint


def test_two_downloads_do_not_mix(server: Server) -> None:
    leave_part(b"")
    with (
        locked(part().with_name(f"{part().name}.lock")),
        pytest.raises(DownloadError, match="another process"),
    ):
        pull("sea-64")


def test_a_cache_that_cannot_be_written_is_reported(server: Server) -> None:
    downloads_dir().parent.mkdir(parents=True)
    downloads_dir().write_text("a file where the folder should be")
    with pytest.raises(DownloadError, match="cannot be written") as caught:
        pull("sea-64")
    assert "EDGEL3_DEPLOY_CACHE" in caught.value.hint


def test_unknown_names_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="sea-63"):
        pull("sea-63")


def test_the_published_file_has_its_blob_id(sea_64_weights: Path) -> None:
    assert family.blob_id(sea_64_weights.read_bytes()) == family.member("sea-64").blob_id


def test_a_download_that_hardly_moves_is_given_up_and_resumed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_module, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(pull_module, "LEAST_BYTES_PER_SECOND", 1e12)
    with pytest.raises(DownloadError, match=r"only [\d,]+ bytes in") as caught:
        pull("sea-64")
    assert "resume" in caught.value.hint
    assert part().stat().st_size > 0
