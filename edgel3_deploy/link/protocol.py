"""The serial protocol between host and firmware: sizes and codes; `messages.py` has the messages.

`firmware/link/protocol.h` and `docs/protocol.md` are rendered from both (`edgel3_deploy.link.render`); a test
fails when either differs. All integers are little-endian.

A frame on the wire is 0x00, COBS(type u8, sequence u8, body, CRC-32 u32), 0x00. The CRC (IEEE 802.3, zlib's)
covers type, sequence and body. Bytes between a closing and the next opening 0x00 are outside frames: a
terminal that sends CR or LF there is answered with one line of text. The host sends one request at a time;
its reply carries the same sequence number.
"""

from __future__ import annotations

from enum import IntEnum

PROTOCOL_VERSION = 4
MAX_CHUNK = 512
"""Most bytes of tensor data in one frame."""
SAMPLE_BYTES = 2
"""Bytes of a PCM sample: int16."""
MAX_BODY = 768
"""Most bytes of body in one frame, either way."""
MAX_LAYERS = 64
"""Most layers in one read_timing or read_checksums reply."""


class ErrorCode(IntEnum):
    """Why the firmware refused a request (field `code` of `error`)."""

    BAD_CRC = 1
    BAD_FRAME = 2
    UNKNOWN_TYPE = 3
    BAD_LENGTH = 4
    VERSION_MISMATCH = 5
    NO_HANDSHAKE = 6
    OUT_OF_RANGE = 7
    INPUT_INCOMPLETE = 8
    NO_RESULT = 9
    RUN_FAILED = 10
    NOT_SUPPORTED = 11
    WRONG_BOARD = 12
    VERSION_BELOW = 13
    NO_UPDATE = 14
    NOT_ERASED = 15
    FLASH_FAILED = 16
    BAD_IMAGE = 17
    BUSY = 18


class Role(IntEnum):
    """Who answers: the application that runs the network, or the loader that updates it."""

    APPLICATION = 0
    LOADER = 1


class ResetCause(IntEnum):
    """What the latest reset was (RM0410 section 5.3.21, RM0433 section 8.7.39)."""

    UNKNOWN = 0
    POWER_ON = 1
    PIN = 2
    SOFTWARE = 3
    WATCHDOG = 4


class StayReason(IntEnum):
    """Why the loader waits instead of starting an application; NONE from an application."""

    NONE = 0
    REQUESTED = 1
    NO_IMAGE = 2
    DAMAGED = 3
    OTHER_BOARD = 4
    FAILED_START = 5


class SlotState(IntEnum):
    """What a slot holds. TRIAL has started at most three times and never reported a healthy start."""

    EMPTY = 0
    DAMAGED = 1
    OTHER_BOARD = 2
    TRIAL = 3
    CONFIRMED = 4
    FAILED = 5


class CounterUnit(IntEnum):
    """What `counter` values of this firmware count."""

    CPU_CYCLES = 0
    INSTRUCTIONS = 1


class SensorState(IntEnum):
    """What the sensor does: where its samples come from, or why none are taken."""

    NO_SOURCE = 0
    LISTENING = 1
    PLAYING = 2
    RESTING = 3
    ASLEEP = 4


class SensorSource(IntEnum):
    """Where the sensor's samples come from: the board's microphone, or play_audio."""

    MICROPHONE = 0
    LINK = 1


RUN_CHECKSUMS = 1
"""Flag of `run`: compute the CRC-32 of every layer's output (not counted in the timing)."""

AUDIO_WINDOW = 1
"""Flag of `load_audio`: a window ends with this chunk; make the input tensor of it."""
FORCE_VERSION = 1
"""Flag of `begin_update`: accept a version below the installed one."""
RUNNING_SLOT = 0xFF
"""`slot` of `read_image` for the image that runs."""
WRITE_UNIT = 32
"""Offsets and lengths of `write` are multiples of this many bytes: the STM32H7's flash word."""
REPLY_BIT = 0x80
"""Set in the type of a reply to the request of that type."""
