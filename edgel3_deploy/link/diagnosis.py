"""What went wrong on the link, in words: each function returns the LinkError for one kind of failure.

`path` is the port's path, `place` the path with the baud rate.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.protocol import PROTOCOL_VERSION, ErrorCode

_SAME_VERSION = "Build and flash the board with this version of edgel3-deploy."
_NOT_OURS = "Check that this is the board's port and that it is flashed (edgel3-deploy flash)."
_REFUSALS: Mapping[int, tuple[str, str]] = {
    ErrorCode.UNKNOWN_TYPE: ("it does not know this request", _SAME_VERSION),
    ErrorCode.BAD_LENGTH: ("the request has another length there", _SAME_VERSION),
    ErrorCode.NO_HANDSHAKE: (
        "it restarted in the middle",
        "Check its power supply, then run the command again.",
    ),
    ErrorCode.OUT_OF_RANGE: ("that is outside its tensors or layers", "Flash the build that you validate."),
    ErrorCode.INPUT_INCOMPLETE: ("its input tensor is incomplete", "Run the command again."),
    ErrorCode.NO_RESULT: ("it has no result to read", "Run the command again."),
    ErrorCode.RUN_FAILED: ("the network failed", "Build and flash again; another --runtime may work."),
}


class NotSupportedError(LinkError):
    """The firmware cannot serve the request on its chip: only `enter_bootloader` may be refused so."""


def refused(path: str, request: str, code: int, detail: int) -> LinkError:
    """The firmware answered with `error`."""
    if code == ErrorCode.VERSION_MISMATCH:
        return other_version(path, detail)
    what = f"the board on {path} refused '{request}'"
    if code == ErrorCode.NOT_SUPPORTED:
        return NotSupportedError(
            f"{what}: its chip has no ROM bootloader to jump into",
            "Flash it with a debug probe (--via openocd).",
        )
    reason, hint = _REFUSALS.get(code, (f"error code {code} is unknown here", _SAME_VERSION))
    return LinkError(f"{what}: {reason} (detail {detail})", hint)


def other_version(path: str, version: int) -> LinkError:
    """The firmware's protocol version is not the host's."""
    return LinkError(
        f"the firmware on {path} speaks protocol version {version}, "
        f"this edgel3-deploy speaks version {PROTOCOL_VERSION}",
        _SAME_VERSION,
    )


def malformed(path: str, what: str) -> LinkError:
    """A frame arrived intact, with content that the protocol does not allow."""
    return LinkError(
        f"the board on {path} sent what protocol version {PROTOCOL_VERSION} does not allow: {what}",
        _SAME_VERSION,
    )


def echoed(path: str) -> LinkError:
    """The request itself came back."""
    return LinkError(
        f"port {path} sends back what it is sent", "TX and RX are joined, or this is not the board's port."
    )


def crashed(path: str, dump: str) -> LinkError:
    """The firmware reported a HardFault; `dump` is its register dump in words."""
    return LinkError(
        f"the firmware on {path} crashed: {dump}",
        "`arm-none-eabi-addr2line -f -e firmware.elf <pc>` names the place; reset the board to go on.",
    )


def stopped(place: str, request: str) -> LinkError:
    """No answer from a board that had answered before."""
    return LinkError(
        f"the board on {place} stopped answering (request '{request}')",
        "Check cable and power, reset the board, and run the command again.",
    )


def never_answered(place: str, noise: bytes) -> LinkError:
    """No valid frame since the port was opened; `noise` is what came instead."""
    if not noise:
        return LinkError(
            f"no answer from the board on {place}",
            "Check that it is powered, flashed and out of its bootloader (BOOT0 low, then reset), "
            "that this is its port, and that the baud rate is the board file's.",
        )
    text = noise.decode("ascii", errors="replace")
    readable = sum(
        character.isascii() and (character.isprintable() or character.isspace()) for character in text
    )
    if readable >= 0.9 * len(text):
        return LinkError(
            f"what answers on {place} is not EdgeL3 firmware: it sends {text.strip()[:60]!r}", _NOT_OURS
        )
    return LinkError(
        f"unreadable bytes from {place} ({noise[:8].hex(' ')})",
        f"The baud rate may differ from the board file's. {_NOT_OURS}",
    )
