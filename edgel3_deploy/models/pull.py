"""Download weight files into the user's cache: resumable, and nothing but the published file is ever kept."""

from __future__ import annotations

import contextlib
import http
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from edgel3_deploy.errors import DownloadError, UsageError
from edgel3_deploy.fileio import locked
from edgel3_deploy.models.family import Member, blob_id, member
from edgel3_deploy.models.locate import downloads_dir
from edgel3_deploy.progress import Progress, silent

URL_VARIABLE = "EDGEL3_DEPLOY_MODELS_URL"
BASE_URL = "https://github.com/ksangeeta2429/edgel3/raw/models"
MAX_DOWNLOAD_BYTES = 1 << 27
TIMEOUT_SECONDS = 30.0
PATIENCE_SECONDS, LEAST_BYTES_PER_SECOND = 60.0, 1_000
"""How long a download may be slower than that, from its start."""
_CHUNK = 1 << 16


def pull(name: str, *, progress: Progress = silent) -> Path:
    """Fetch the weights of family member `name` unless the cache has them; returns their path.

    An interrupted download leaves a .part file, which the next call resumes. The finished file must have the
    published git blob id; anything else is deleted. Raises UsageError for an unknown name, DownloadError for
    everything that goes wrong.
    """
    known = member(name)
    target = downloads_dir() / f"{known.file_name}.gz"
    part = target.with_name(f"{target.name}.part")
    try:
        if _is_whole(target, known):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part):
            part.touch()
            try:
                if not _is_whole(target, known):
                    _complete(part, known, progress)
                    part.replace(target)
            finally:
                if part.exists() and part.stat().st_size == 0:
                    part.unlink()
    except OSError as error:
        raise DownloadError(
            f"{target}: cannot be written: {error.strerror or error}",
            "Free some space, or set EDGEL3_DEPLOY_CACHE.",
        ) from error
    return target


def _is_whole(path: Path, known: Member) -> bool:
    return path.is_file() and blob_id(path.read_bytes()) == known.blob_id


def _complete(part: Path, known: Member, progress: Progress) -> None:
    """Make `part` the published file: resume it, or if that leads nowhere fetch it from the start."""
    if _is_whole(part, known):
        return
    if part.stat().st_size > 0 and _download(known, part, progress) and _is_whole(part, known):
        return
    os.truncate(part, 0)
    _download(known, part, progress)
    actual = blob_id(part.read_bytes())
    if actual != known.blob_id:
        os.truncate(part, 0)
        raise DownloadError(
            f"what {_url(known)} sends is not {known.name}: git blob id {actual}, not {known.blob_id}",
            "Nothing was kept. Check the network (a proxy's login page?) and try again.",
        )


def _url(known: Member) -> str:
    base = os.environ.get(URL_VARIABLE, "") or BASE_URL
    return f"{base.rstrip('/')}/{known.file_name}.gz"


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """One download of a file at a time. Raises DownloadError."""
    try:
        with locked(part.with_name(f"{part.name}.lock")):
            yield
    except UsageError as error:
        raise DownloadError(error.message, "Wait for it to finish, or set EDGEL3_DEPLOY_CACHE.") from error


def _download(known: Member, part: Path, progress: Progress) -> bool:
    """Append to `part` until the file is complete; False if the server cannot continue what it holds.

    On failure `part` keeps what came.
    """
    url, have = _url(known), part.stat().st_size
    with _network_errors(url):
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        try:
            response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return False
            raise
    with response:
        if have and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            return False
        announced = response.headers.get("Content-Length", "")
        total = have + int(announced) if announced.isdecimal() else 0
        started, before = time.monotonic(), have
        with part.open("ab") as file:
            while True:
                with _network_errors(url):
                    chunk = response.read1(_CHUNK)
                if not chunk:
                    break
                have += len(chunk)
                if max(have, total) > MAX_DOWNLOAD_BYTES:
                    raise DownloadError(f"{url}: too large for a weight file", "Check the address.")
                file.write(chunk)
                progress(f"downloading {known.name}", have, total)
                seconds = time.monotonic() - started
                if seconds > PATIENCE_SECONDS and have - before < seconds * LEAST_BYTES_PER_SECOND:
                    raise DownloadError(
                        f"{url}: only {have - before:,} bytes in {seconds:.0f} s",
                        "Run the command again to resume, or take another network.",
                    )
    if have < total:
        raise DownloadError(
            f"{url}: interrupted after {have:,} of {total:,} bytes", "Run the command again to resume."
        )
    return True


@contextlib.contextmanager
def _network_errors(url: str) -> Iterator[None]:
    """Whatever urllib raises, as DownloadError."""
    try:
        yield
    except urllib.error.HTTPError as error:
        raise DownloadError(
            f"{url}: HTTP {error.code} {error.reason}", "Check the address and the network."
        ) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise DownloadError(
            f"{url}: {reason}", "Check the network, then run the command again to resume."
        ) from error
