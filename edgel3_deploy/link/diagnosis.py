"""What went wrong on the link, in words: each function returns the LinkError for one kind of failure.

`path` is the port's path, `place` the path with the baud rate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.answers import ResetRecord
from edgel3_deploy.link.protocol import PROTOCOL_VERSION, ErrorCode, ResetCause, StayReason
from edgel3_deploy.link.text import printable

ROM_REPLIES = frozenset(b"\x79\x1f")
"""ACK and NACK of the STM32 ROM bootloader (AN3155), the only bytes it sends unless asked for data."""

_SAME_VERSION = "Build and flash the board with this version of edgel3-deploy."
_NOT_OURS = "Check that this is the board's port and that it is flashed (edgel3-deploy flash)."
_AGAIN = "Run the command again."
_FLASH_AGAIN = "Flash again; if it stays, the flash is worn, write-protected, or the supply is weak."
_FLASH_REFUSES = (
    "Flash again; if it stays, the flash is write-protected or worn, the supply weak, or an STM32F76x is in "
    "dual bank mode (option bit nDBANK 0: set it to 1 with STM32CubeProgrammer)."
)
_QUOTED = 60
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""Escape sequences for terminals."""
_REFUSALS: Mapping[int, tuple[str, str]] = {
    ErrorCode.UNKNOWN_TYPE: ("it does not know this request", _SAME_VERSION),
    ErrorCode.BAD_LENGTH: ("the request has another length there", _SAME_VERSION),
    ErrorCode.NO_HANDSHAKE: (
        "it restarted in the middle",
        "Check its power supply, then run the command again.",
    ),
    ErrorCode.OUT_OF_RANGE: ("that is outside its tensors or layers", "Flash the build that you validate."),
    ErrorCode.INPUT_INCOMPLETE: ("its input tensor is incomplete", _AGAIN),
    ErrorCode.NO_RESULT: ("it has no result to read", _AGAIN),
    ErrorCode.RUN_FAILED: ("the network failed", "Build and flash again; another --runtime may work."),
    ErrorCode.WRONG_BOARD: (
        "the image is for another board (WRONG_BOARD)",
        "Choose the board that is plugged in (--board), or the port of this one (--port).",
    ),
    ErrorCode.NO_UPDATE: (
        "it restarted in the middle of the update (NO_UPDATE)",
        "Check its power supply, then run the command again: the loader waits for it.",
    ),
}
_UPDATE_REFUSALS: Mapping[int, tuple[str, str]] = {
    ErrorCode.OUT_OF_RANGE: (
        "the image does not fit the slot, or was linked for another (OUT_OF_RANGE, {detail:#x})",
        "Build again, with the --slots that the board's loader has.",
    ),
    ErrorCode.VERSION_BELOW: (
        "image version {detail} is installed, which is newer (VERSION_BELOW)",
        "`flash --force` installs the older one all the same; `build --image-version` sets the version.",
    ),
    ErrorCode.NOT_ERASED: ("its flash at 0x{detail:08x} is not erased (NOT_ERASED)", _AGAIN),
    ErrorCode.FLASH_FAILED: ("its flash at 0x{detail:08x} takes no data (FLASH_FAILED)", _FLASH_REFUSES),
    ErrorCode.BAD_IMAGE: (
        "what is in its flash is not the image: the CRC is 0x{detail:08x} (BAD_IMAGE)",
        _FLASH_AGAIN,
    ),
}
_SETTING_REFUSALS: Mapping[int, tuple[str, str]] = {
    ErrorCode.OUT_OF_RANGE: ("it has no such setting, or not that value (OUT_OF_RANGE)", _SAME_VERSION),
    ErrorCode.FLASH_FAILED: (
        "its flash takes no settings, the old value stands (FLASH_FAILED)",
        _FLASH_REFUSES.replace("Flash again", "Try again"),
    ),
}
_NO_FRONT_END = (
    "its image has no front end",
    "Build without --no-front-end, of a network whose front end the board can run.",
)
_UNSUPPORTED: Mapping[str, tuple[str, str]] = {
    "enter_bootloader": (
        "it has neither a loader nor a ROM bootloader to jump into",
        "Flash it with a debug probe (--via openocd).",
    ),
    "load_audio": _NO_FRONT_END,
    **dict.fromkeys(("read_sensor", "read_record", "read_summary"), _NO_FRONT_END),
    "start_sensor": (
        "it has no microphone, or its image no front end",
        "Play a recording to it, or build for a board with a microphone, without --no-front-end.",
    ),
    "play_audio": ("its sensor does not play what the host sends", _AGAIN),
    "read_labels": ("its image has no head", "Build with --head."),
}
_UNSUPPORTED_OTHER = ("its image cannot do that", _SAME_VERSION)
_STAYS: Mapping[StayReason, str] = {
    StayReason.NONE: "it gives no reason",
    StayReason.REQUESTED: "it was asked to",
    StayReason.NO_IMAGE: "there is no application in its flash",
    StayReason.DAMAGED: "the application in its flash is incomplete or damaged",
    StayReason.OTHER_BOARD: "the application in its flash is for another board",
    StayReason.FAILED_START: "the application was started and never came up",
}
_REFUSALS_OF: Mapping[str, Mapping[int, tuple[str, str]]] = {
    **dict.fromkeys(("begin_update", "erase", "write", "verify", "boot"), _UPDATE_REFUSALS),
    **dict.fromkeys(("read_setting", "write_setting"), _SETTING_REFUSALS),
    "play_audio": {ErrorCode.OUT_OF_RANGE: ("samples are missing before these", _AGAIN)},
    "read_record": {
        ErrorCode.OUT_OF_RANGE: (
            "it no longer holds that record, only from {detail} on",
            "Read records at least as often as they are made.",
        )
    },
}


class RefusedError(LinkError):
    """The firmware answered with `error`; `code` is an ErrorCode unless it is unknown here."""

    def __init__(self, message: str, hint: str, code: int, detail: int) -> None:
        super().__init__(message, hint)
        self.code = code
        self.detail = detail


class NotSupportedError(RefusedError):
    """The firmware cannot serve the request: its chip or its image lacks what it takes."""


class CrashedError(LinkError):
    """The firmware is in its fault handler."""


class OtherVersionError(LinkError):
    """The firmware speaks another version of the protocol."""


class UnansweredError(LinkError):
    """No valid frame since the port was opened; `noise` is what came instead, empty if nothing did."""

    def __init__(self, message: str, hint: str, noise: bytes) -> None:
        super().__init__(message, hint)
        self.noise = noise


def refused(path: str, request: str, code: int, detail: int) -> LinkError:
    """The firmware answered with `error`."""
    if code == ErrorCode.VERSION_MISMATCH:
        return other_version(path, detail)
    what = f"the board on {path} refused '{request}'"
    if code == ErrorCode.NOT_SUPPORTED:
        reason, hint = _UNSUPPORTED.get(request, _UNSUPPORTED_OTHER)
        return NotSupportedError(f"{what}: {reason}", hint, code, detail)
    if code in _REFUSALS_OF.get(request, {}):
        reason, hint = _REFUSALS_OF[request][code]
        return RefusedError(f"{what}: {reason.format(detail=detail)}", hint, code, detail)
    reason, hint = _REFUSALS.get(code, (f"error code {code} is unknown here", _SAME_VERSION))
    return RefusedError(f"{what}: {reason} (detail {detail})", hint, code, detail)


def other_version(path: str, version: int) -> OtherVersionError:
    """The firmware's protocol version is not the host's."""
    return OtherVersionError(
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


def crashed(path: str, dump: str) -> CrashedError:
    """The firmware reported a HardFault; `dump` is its register dump in words."""
    return CrashedError(
        f"the firmware on {path} crashed: {dump}",
        "`arm-none-eabi-addr2line -f -e firmware.elf <pc>` names the place; reset the board to go on.",
    )


def stopped(place: str, request: str) -> LinkError:
    """No answer from a board that had answered before."""
    return LinkError(
        f"the board on {place} stopped answering (request '{request}')",
        "Check cable and power, reset the board, and run the command again.",
    )


def busy(path: str, request: str, seconds: float) -> RefusedError:
    """The firmware has refused the request for so long because its sensor computes."""
    return RefusedError(
        f"the board on {path} is busy: its sensor computed for {seconds:.0f} s without an end "
        f"(request '{request}')",
        "Reset the board, and run the command again; if it stays, build and flash again.",
        ErrorCode.BUSY,
        0,
    )


def loader_waits(path: str, board: str, record: ResetRecord) -> LinkError:
    """The loader answers where the application was wanted."""
    return LinkError(
        f"the board on {path} waits in its loader: {why_it_waits(record)}",
        f"Flash it: `edgel3-deploy flash --board {board} --port {path}`.",
    )


def why_it_waits(record: ResetRecord) -> str:
    """Why the loader starts no application, with the fault that is on record."""
    fault = f"; fault on record: {record.fault}" if record.fault else ""
    return f"{_STAYS[record.stay_reason]} ({record.stay_reason.name}){fault}"


def restarted(path: str, record: ResetRecord) -> LinkError:
    """The board, which had been greeted, asks for a greeting again; `record` says why."""
    fault = f"; fault on record: {record.fault}" if record.fault else ""
    hints = {
        ResetCause.POWER_ON: "Its power failed: check cable and supply. Then run the command again.",
        ResetCause.WATCHDOG: "What it ran faulted or hung: the registers tell where "
        "(`arm-none-eabi-addr2line -f -e firmware.elf <pc>`); build and flash again.",
    }
    return LinkError(
        f"the board on {path} restarted in the middle (cause: {record.cause.name}, "
        f"{record.restarts} by watchdog since power-on){fault}",
        hints.get(record.cause, "Run the command again."),
    )


def mishears(place: str, request: str) -> LinkError:
    """The firmware says each time that the request came damaged."""
    return LinkError(
        f"the board on {place} receives request '{request}' damaged, however often it is sent",
        "Check ground and wiring of the line to its RX, and that no other program writes to the port.",
    )


def astray(place: str) -> LinkError:
    """Frames come, none of which is a reply."""
    return LinkError(
        f"what sends on {place} speaks the protocol and answers no request",
        "Check that TX reaches the board, and that no other program talks to it; then reset the board.",
    )


def began_anew(path: str, windows: int, expected: int) -> LinkError:
    """The sensor's count of records went back, without a restart of the board."""
    return LinkError(
        f"the sensor on {path} began anew: it has made {windows} records where {expected} were read",
        "Somebody else started it: run the command again.",
    )


def overtaken(path: str, sequence: int) -> LinkError:
    """Records are overwritten faster than they can be read."""
    return LinkError(
        f"the board on {path} makes records faster than they can be read: {sequence} was gone again",
        "Raise the setting hop, or uart.baudrate in the board file.",
    )


def never_answered(place: str, noise: bytes) -> UnansweredError:
    """No valid frame since the port was opened; `noise` is what came instead."""
    if not noise:
        return UnansweredError(
            f"no answer from the board on {place}",
            "Check that it is powered and flashed (BOOT0 low, then reset), that this is its port, and that "
            "the baud rate is the board file's.",
            noise,
        )
    if is_foreign(noise):
        return foreign(place, noise) if is_readable(noise) else rom_answers(place, noise)
    return UnansweredError(
        f"unreadable bytes from {place} ({noise[:8].hex(' ')})",
        f"The baud rate may differ from the board file's. {_NOT_OURS}",
        noise,
    )


def shared(error: UnansweredError, who: str) -> UnansweredError:
    """`error`, where `who` has the port open as well and reads from it."""
    return UnansweredError(
        f"{error.message}, while {who} has the port open too",
        "Close that program, which may take the board's answers, and try again.",
        error.noise,
    )


def foreign(place: str, noise: bytes) -> UnansweredError:
    """Readable text came where frames were due."""
    text = printable(" ".join(noise.decode(errors="replace").split())[:_QUOTED])
    return UnansweredError(
        f"what answers on {place} is not EdgeL3 firmware: it sends '{text}'", _NOT_OURS, noise
    )


def rom_answers(place: str, noise: bytes) -> UnansweredError:
    """An STM32 ROM bootloader answers, neither the application nor the loader."""
    return UnansweredError(
        f"what answers on {place} is an STM32 ROM bootloader, not the firmware",
        "Set BOOT0 low and reset the board; or program it with `edgel3-deploy flash --via rom`.",
        noise,
    )


def other_rate(path: str, rate: int, expected: int) -> LinkError:
    """EdgeL3 firmware answers at another baud rate than the board file names."""
    return LinkError(
        f"the board on {path} answers at {rate} baud, not at the {expected} baud of its board file",
        f"Set uart.baudrate = {rate} in the board file, or build and flash it again.",
    )


def is_foreign(noise: bytes) -> bool:
    """Whether `noise` shows that something else than EdgeL3 firmware answers."""
    return bool(noise) and (set(noise) <= ROM_REPLIES or is_readable(noise))


def is_readable(noise: bytes) -> bool:
    """Whether `noise` is text that a person can read, most of it; terminals are given UTF-8 and colours."""
    text = _COLOUR.sub("", noise.decode(errors="replace"))
    readable = sum(c != "\N{REPLACEMENT CHARACTER}" and (c.isprintable() or c.isspace()) for c in text)
    return bool(text.strip()) and readable >= 0.9 * len(text) and not set(noise) <= ROM_REPLIES
