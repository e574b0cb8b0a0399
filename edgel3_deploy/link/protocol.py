"""The serial protocol between host and firmware, declared once.

`firmware/link/protocol.h` and `docs/protocol.md` are rendered from this declaration
(`edgel3_deploy.link.render`); a test fails when either differs. All integers are little-endian.

A frame on the wire is 0x00, COBS(type u8, sequence u8, body, CRC-32 u32), 0x00. The CRC (IEEE 802.3, zlib's)
covers type, sequence and body. Bytes between a closing and the next opening 0x00 are outside frames: a
terminal that sends CR or LF there is answered with one line of text. The host sends one request at a time;
its reply carries the same sequence number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

PROTOCOL_VERSION = 1
MAX_CHUNK = 512
"""Most bytes of tensor data in one frame."""
MAX_BODY = 768
"""Most bytes of body in one frame, either way."""
MAX_LAYERS = 64
"""Most layers in one read_timing or read_checksums reply."""

FieldType = Literal["u8", "u16", "u32", "u64", "bytes16", "bytes32", "text", "data", "u32s", "u64s"]
"""`text` is a length byte and UTF-8; `data`, `u32s` and `u64s` take the rest of the body and stand last."""


@dataclass(frozen=True)
class Field:
    """One field of a message body; `doc` says unit and meaning."""

    name: str
    type: FieldType
    doc: str


@dataclass(frozen=True)
class Message:
    """A message type: `id` on the wire, fields in wire order."""

    id: int
    name: str
    doc: str
    fields: tuple[Field, ...] = ()


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


class CounterUnit(IntEnum):
    """What `counter` values of this firmware count."""

    CPU_CYCLES = 0
    INSTRUCTIONS = 1


RUN_CHECKSUMS = 1
"""Flag of `run`: compute the CRC-32 of every layer's output (not counted in the timing)."""

REQUESTS: tuple[Message, ...] = (
    Message(
        0x01,
        "hello",
        "First message of a session: versions are compared before anything else.",
        (Field("version", "u16", "protocol version of the host"),),
    ),
    Message(0x02, "identify", "Ask who is there: board, model, build."),
    Message(
        0x03,
        "load_input",
        "Write a chunk of the int8 input tensor; chunks go in ascending order from offset 0.",
        (
            Field("offset", "u32", "bytes from the start of the tensor"),
            Field("data", "data", "at most MAX_CHUNK bytes"),
        ),
    ),
    Message(
        0x04,
        "run",
        "Run one inference on the loaded input.",
        (Field("flags", "u8", "bit 0: layer checksums"),),
    ),
    Message(
        0x05,
        "read_output",
        "Read a chunk of the int8 output tensor.",
        (
            Field("offset", "u32", "bytes from the start of the tensor"),
            Field("length", "u16", "at most MAX_CHUNK"),
        ),
    ),
    Message(
        0x06,
        "read_timing",
        "Counter value of each layer of the last run.",
        (Field("first", "u16", "first layer"), Field("count", "u16", "at most MAX_LAYERS")),
    ),
    Message(
        0x07,
        "read_checksums",
        "CRC-32 of each layer's output in the last run with checksums.",
        (Field("first", "u16", "first layer"), Field("count", "u16", "at most MAX_LAYERS")),
    ),
    Message(0x08, "read_memory", "Memory high-water marks."),
    Message(0x09, "enter_bootloader", "Acknowledge, then jump into the ROM bootloader."),
    Message(0x0A, "reset", "Acknowledge, then reset the chip."),
)

REPLY_BIT = 0x80

REPLIES: tuple[Message, ...] = (
    Message(
        0x81,
        "hello",
        "The handshake succeeded.",
        (Field("version", "u16", "protocol version of the firmware"),),
    ),
    Message(
        0x82,
        "identify",
        "Who is there.",
        (
            Field("model_sha256", "bytes32", "SHA-256 of model.tflite"),
            Field("build_id", "bytes32", "SHA-256 over the rendered project"),
            Field("device_id", "u32", "DBGMCU_IDCODE, 0 where the chip has none"),
            Field("cpu_hz", "u32", "CPU clock in Hz"),
            Field("input_size", "u32", "bytes of the input tensor"),
            Field("output_size", "u32", "bytes of the output tensor"),
            Field("layer_count", "u16", "layers of the network"),
            Field("counter_unit", "u8", "a CounterUnit"),
            Field("board", "text", "board name"),
            Field("model", "text", "model name"),
            Field("runtime", "text", "native, cmsis-nn or tflm"),
        ),
    ),
    Message(
        0x83,
        "load_input",
        "The chunk is stored.",
        (Field("loaded", "u32", "bytes of the tensor loaded so far"),),
    ),
    Message(
        0x84, "run", "The inference is done.", (Field("counter", "u64", "sum over layers, in counter units"),)
    ),
    Message(0x85, "read_output", "The chunk.", (Field("data", "data", "int8 elements"),)),
    Message(
        0x86, "read_timing", "One value per layer asked for.", (Field("counters", "u64s", "counter units"),)
    ),
    Message(
        0x87, "read_checksums", "One value per layer asked for.", (Field("checksums", "u32s", "CRC-32"),)
    ),
    Message(
        0x88,
        "read_memory",
        "Bytes used at most so far, and reserved.",
        (
            Field("stack_peak", "u32", "deepest stack use since reset"),
            Field("stack_size", "u32", "stack reserved"),
            Field("data_size", "u32", "data and bss"),
            Field("arena_size", "u32", "activation arenas and scratch, all regions"),
        ),
    ),
    Message(0x89, "enter_bootloader", "The jump follows."),
    Message(0x8A, "reset", "The reset follows."),
    Message(
        0xFE,
        "fault",
        "Sent by the HardFault handler, unasked for, with sequence 0; from then on the reply to any request "
        "but reset and enter_bootloader.",
        tuple(
            Field(name, "u32", "stacked register")
            for name in ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
        )
        + tuple(Field(name, "u32", "System Control Block") for name in ("cfsr", "hfsr", "mmfar", "bfar")),
    ),
    Message(
        0xFF,
        "error",
        "The request was refused.",
        (
            Field("code", "u8", "an ErrorCode"),
            Field("request", "u8", "type of the refused request, 0 if unreadable"),
            Field("detail", "u32", "the offending value; for VERSION_MISMATCH the firmware's version"),
        ),
    ),
)
