"""Run another project's flash tool in a folder of its own, and say what was missing or went wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from edgel3_deploy.errors import FlashError, MissingDependencyError
from edgel3_deploy.flash.base import Image, require_equal
from edgel3_deploy.image.hexfile import to_hex

_TIMEOUT_SECONDS = 600


FILE = "firmware.hex"
"""The image in a tool's folder: HEX carries addresses, so that no tool needs to be told them."""


@contextmanager
def workspace(image: Image) -> Iterator[Path]:
    """A temporary folder with the image as FILE: no path needs quoting in a tool's script."""
    with TemporaryDirectory(prefix="edgel3-flash-") as folder:
        (Path(folder) / FILE).write_bytes(to_hex((part.origin, part.data) for part in image.parts))
        yield Path(folder)


def dump_name(number: int) -> str:
    """The file into which a tool reads part `number` of the image back."""
    return f"readback-{number}.bin"


def compare_dumps(image: Image, folder: Path, tool: str) -> None:
    """Compare what a tool has read back with the image. Raises FlashError."""
    for number, part in enumerate(image.parts):
        try:
            found = (folder / dump_name(number)).read_bytes()
        except OSError as error:
            raise FlashError(
                f"{tool} read nothing back: the image is not verified", "Flash again."
            ) from error
        require_equal(part, found)


def run_tool(arguments: Sequence[str], folder: Path, package: str) -> None:
    """Run `arguments` in `folder`.

    Raises MissingDependencyError if the tool is absent (`package` says what to install), FlashError if it
    fails or hangs.
    """
    tool = arguments[0]
    try:
        done = subprocess.run(
            arguments,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingDependencyError(f"{tool} is not installed", f"Install it: {package}.") from error
    except OSError as error:
        raise FlashError(
            f"{tool} cannot be started: {error.strerror}", f"Install it again: {package}."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FlashError(f"{tool} does not come to an end", "Replug the ST-LINK and try again.") from error
    if done.returncode:
        raise FlashError(
            f"{tool} failed: {_complaint(done.stderr + done.stdout) or f'exit code {done.returncode}'}",
            "Check that the ST-LINK is plugged in, that no other debugger uses it, and the board's power.",
        )


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or [""])[0]
