"""Program the board by copying the image onto the USB drive that its ST-LINK shows.

The ST-LINK programs what is copied from the start of flash, then its drive goes away and comes back: without
the file if all went well, else with a FAIL.TXT that says why not. It shows nothing of the flash, so only the
board itself can say afterwards what it holds.
"""

from __future__ import annotations

import os
import re
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import FlashError
from edgel3_deploy.flash.base import FlashResult, Image
from edgel3_deploy.image.pack import to_bin
from edgel3_deploy.link.text import printable
from edgel3_deploy.progress import Progress

TOOL = "ST-LINK drive"
_FILE = "firmware.bin"
_FAILURE = "FAIL.TXT"
_FAILURE_SHOWN = 200
_PROGRAM_SECONDS = 60.0
_RETURN_SECONDS = 15.0
_POLL_SECONDS = 0.1


def flash(image: Image, board: Board, port: str | None, progress: Progress) -> FlashResult:
    """Copy the image onto the drive and wait for what the ST-LINK makes of it. `port` is not used.

    The result is not verified: that is the board's to say. Raises FlashError if the drive is not there, is
    full, or says that programming failed.
    """
    label = board.debug.drive if board.debug else ""
    if not label:
        raise FlashError(f"{board.name} names no ST-LINK drive", "Add debug.drive to its board file.")
    folder = find_drive(label)
    if folder is None:
        raise FlashError(
            f"no drive named {label} is mounted",
            f"Plug the ST-LINK's USB socket in and mount its drive (Linux: `udisksctl mount -b "
            f"/dev/disk/by-label/{label}`), or use --via openocd.",
        )
    former = _read(folder / _FAILURE)
    progress(f"copying the image onto {folder}")
    content = to_bin([(part.origin, part.data) for part in image.parts])
    try:
        with (folder / _FILE).open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise FlashError(
            f"the image cannot be copied onto {folder}: {error.strerror or error}",
            "Replug the ST-LINK and try again.",
        ) from error
    progress("waiting for the ST-LINK")
    notes = _outcome(label, folder, former)
    sectors = tuple(sector.number for sector in image.sectors(board))
    return FlashResult(TOOL, image.size, sectors, verified=False, notes=notes)


def find_drive(label: str) -> Path | None:
    """The folder under which the volume of that label is mounted, None if it is not."""
    if sys.platform == "win32":
        return _windows_drive(label)
    if sys.platform == "darwin":
        folder = Path("/Volumes") / label
        return folder if folder.is_dir() else None
    return linux_drive(label)


def linux_drive(
    label: str, mounts: Path = Path("/proc/mounts"), labels: Path = Path("/dev/disk/by-label")
) -> Path | None:
    """The mount of the device that udev gives that label, or a mount whose folder has that name."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    device = os.path.realpath(labels / label)
    by_name = None
    for line in lines:
        source, folder = (_unescaped(field) for field in line.split()[:2])
        if os.path.realpath(source) == device:
            return Path(folder)
        if Path(folder).name == label:
            by_name = Path(folder)
    return by_name


def _unescaped(field: str) -> str:
    """A field of /proc/mounts, where white space stands as an octal escape (proc(5))."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)


def _windows_drive(label: str) -> Path | None:
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - unknown to type checkers elsewhere
    name = ctypes.create_unicode_buffer(261)
    for letter in string.ascii_uppercase:
        root = f"{letter}:\\"
        if kernel.GetVolumeInformationW(root, name, 261, None, None, None, None, 0) and name.value == label:
            return Path(root)
    return None


def _outcome(label: str, folder: Path, former: str) -> tuple[str, ...]:
    """Wait for the drive's return; notes if it says nothing. Raises FlashError with what FAIL.TXT says.

    `former` is what stood there before: unless the drive went away, it is still that.
    """
    taken = _within(_PROGRAM_SECONDS, lambda: not _holds(folder, _FILE))
    returned = taken and _within(_RETURN_SECONDS, lambda: _mounted(label) is not None)
    place = _mounted(label)
    complaint = _read(place / _FAILURE) if place else ""
    if complaint and (taken or complaint != former):
        raise FlashError(
            f"the ST-LINK did not program the board: {complaint}",
            "Check the board's power and that no debugger uses it, then replug it and try again.",
        )
    if not taken:
        return ("the ST-LINK left the file on its drive and said nothing",)
    return (
        () if returned else (f"the drive {label} did not come back: whether it says {_FAILURE} is not known",)
    )


def _mounted(label: str) -> Path | None:
    folder = find_drive(label)
    return folder if folder is not None and _entries(folder) is not None else None


def _holds(folder: Path, name: str) -> bool:
    return name in (_entries(folder) or ())


def _entries(folder: Path) -> list[str] | None:
    """The names in `folder`, None while it is not there."""
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return None


def _read(path: Path) -> str:
    try:
        return printable(" ".join(path.read_text(errors="replace").split())[:_FAILURE_SHOWN])
    except OSError:
        return ""


def _within(seconds: float, happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
