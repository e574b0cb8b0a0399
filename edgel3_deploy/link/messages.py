"""The messages of the serial protocol, field by field: what the host asks, and what the firmware answers.

Declared with `protocol.py`, whose sizes, flags and codes the texts name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal["u8", "u16", "u32", "u64", "i32", "bytes16", "bytes32", "text", "data", "u32s", "u64s"]
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


_FAULT_REGISTERS = tuple(
    Field(name, "u32", "stacked register") for name in ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
) + tuple(Field(name, "u32", "System Control Block") for name in ("cfsr", "hfsr", "mmfar", "bfar"))

_NO_FRONT_END = "NOT_SUPPORTED by an image without a front end."
_SENSOR = (
    Field("state", "u8", "a SensorState"),
    Field("has_microphone", "u8", "1 if a microphone answers on this board, else 0"),
    Field("rate", "u32", "of the source's samples, in Hz"),
    Field("samples", "u64", "of the source, taken since the start"),
    Field("lost", "u32", "samples of the microphone lost since the start"),
    Field("hop", "u32", "from one window to the next, in samples at the network's rate"),
    Field("windows", "u32", "records since the start: the sequence of the next"),
    Field("oldest", "u32", "sequence of the oldest record that is held"),
    Field("label_count", "u16", "labels of a record, 0 without a head"),
    Field("bands", "u16", "bands of a record"),
    Field("embedding_size", "u16", "int8 elements of a record's embedding"),
    Field("record_size", "u16", "bytes of a record"),
    Field("summaries", "u32", "since the start"),
)

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
        "CRC-32 of each layer's output in the last run with checksums, its values in the order of the "
        "manifest's `orders`.",
        (Field("first", "u16", "first layer"), Field("count", "u16", "at most MAX_LAYERS")),
    ),
    Message(0x08, "read_memory", "Memory high-water marks."),
    Message(
        0x09,
        "enter_bootloader",
        "Acknowledge, then restart into the loader; an image without one jumps into the ROM bootloader.",
    ),
    Message(0x0A, "reset", "Acknowledge, then reset the chip."),
    Message(0x0B, "read_reset", "Why the chip restarted, and the fault that is on record."),
    Message(
        0x0C,
        "read_image",
        "What a slot holds; the CRC is computed over the flash as it is now.",
        (Field("slot", "u8", "number from 0, or RUNNING_SLOT"),),
    ),
    Message(
        0x0D,
        "load_audio",
        "Push a chunk of PCM into the front end; chunks go in ascending order from offset 0, which begins a "
        "stream. A window may end one second behind it, and at every multiple of the front end's hop from "
        "there on. Where the front end shares memory with the network a stream is one window, and `run` ends "
        "it. " + _NO_FRONT_END,
        (
            Field("offset", "u32", "samples from the start of the stream"),
            Field("flags", "u8", "bit 0: AUDIO_WINDOW"),
            Field("data", "data", "int16 samples, at most MAX_CHUNK bytes"),
        ),
    ),
    Message(
        0x0E,
        "read_input",
        "Read a chunk of the int8 input tensor, loaded or made by the front end.",
        (
            Field("offset", "u32", "bytes from the start of the tensor"),
            Field("length", "u16", "at most MAX_CHUNK"),
        ),
    ),
    Message(0x0F, "read_labels", "Scores of each label in the last run; refused by an image without a head."),
    Message(
        0x10,
        "begin_update",
        "Loader: announce an image. What can be refused is refused here, before anything is erased.",
        (
            Field("slot", "u8", "number from 0"),
            Field("flags", "u8", "bit 0: FORCE_VERSION"),
            Field("origin", "u32", "address that the image was linked for: the slot's"),
            Field("size", "u32", "bytes of the image behind its header"),
            Field("crc", "u32", "CRC-32 of those bytes"),
            Field("version", "u32", "monotonic image version"),
            Field("build_id", "bytes32", "SHA-256 over the rendered project"),
            Field("board", "text", "board name"),
        ),
    ),
    Message(
        0x11,
        "erase",
        "Loader: erase one sector of the announced slot; the first one holds the header.",
        (Field("sector", "u16", "counted within the slot, from 0"),),
    ),
    Message(
        0x12,
        "write",
        "Loader: program a chunk of the announced image; what is there already is acknowledged.",
        (
            Field(
                "offset", "u32", "bytes from the start of the slot, behind the header; multiple of WRITE_UNIT"
            ),
            Field("data", "data", "at most MAX_CHUNK bytes, a multiple of WRITE_UNIT"),
        ),
    ),
    Message(
        0x13, "verify", "Loader: compute the CRC of the announced image, and commit it by writing its header."
    ),
    Message(0x14, "boot", "Loader: acknowledge, then start the application if there is one that is whole."),
    Message(
        0x15,
        "read_setting",
        "Read one setting.",
        (Field("key", "u16", "of the setting"),),
    ),
    Message(
        0x16,
        "write_setting",
        "Change one setting; it counts at once.",
        (Field("key", "u16", "of the setting"), Field("value", "i32", "in the setting's unit and range")),
    ),
    Message(0x17, "read_sensor", f"What the sensor does, and how far it is. {_NO_FRONT_END}"),
    Message(
        0x18,
        "start_sensor",
        "Let the sensor begin anew with another source: a silent past, sequence 0. NOT_SUPPORTED if that "
        "source is a microphone that is not there. From the link it goes back to a microphone a minute after "
        "the last play_audio.",
        (Field("source", "u8", "a SensorSource"),),
    ),
    Message(
        0x19,
        "play_audio",
        "Let the sensor hear a chunk; chunks go in ascending order from offset 0 behind start_sensor. What "
        "they complete is computed before the reply. NOT_SUPPORTED unless the sensor is PLAYING.",
        (
            Field("offset", "u32", "samples since start_sensor"),
            Field("data", "data", "int16 samples at the rate of read_sensor, at most MAX_CHUNK bytes"),
        ),
    ),
    Message(
        0x1A,
        "read_record",
        "Read a chunk of a record (layout below). NO_RESULT if it does not exist yet, OUT_OF_RANGE if it is "
        "no longer held.",
        (
            Field("sequence", "u32", "of the record, from 0"),
            Field("offset", "u16", "bytes from the start of the record"),
            Field("length", "u16", "at most MAX_CHUNK"),
        ),
    ),
    Message(0x1B, "read_summary", "Read the newest summary. NO_RESULT before the first."),
)

REPLIES: tuple[Message, ...] = (
    Message(
        0x81,
        "hello",
        "The handshake succeeded.",
        (
            Field("version", "u16", "protocol version of the firmware"),
            Field("role", "u8", "a Role"),
        ),
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
            Field("runtime", "text", "native, cmsis-nn or tflm; loader from the loader, which has no model"),
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
        0x8B,
        "read_reset",
        "The latest reset; registers are zero unless has_fault is 1.",
        (
            Field("cause", "u8", "a ResetCause"),
            Field("stay_reason", "u8", "a StayReason"),
            Field("has_fault", "u8", "1 if a fault is on record since power-on, else 0"),
            Field("restarts", "u32", "resets by watchdog since power-on"),
            *_FAULT_REGISTERS,
        ),
    ),
    Message(
        0x8C,
        "read_image",
        "The slot and its image; from size on all is zero where no header is whole.",
        (
            Field("slot", "u8", "number from 0"),
            Field("state", "u8", "a SlotState"),
            Field(
                "slots",
                "u8",
                "how many slots this loader divides the flash into; 0 in an image without loader",
            ),
            Field("origin", "u32", "address of the slot"),
            Field("capacity", "u32", "bytes of the slot, header included"),
            Field("size", "u32", "bytes of the image behind its header"),
            Field("crc", "u32", "CRC-32 of those bytes as they are in flash"),
            Field("header_crc", "u32", "CRC-32 of those bytes as the header gives it"),
            Field("version", "u32", "monotonic image version"),
            Field("sequence", "u32", "counts updates: the highest whole one starts"),
            Field("build_id", "bytes32", "SHA-256 over the rendered project"),
        ),
    ),
    Message(
        0x8D,
        "load_audio",
        "The chunk is in the front end.",
        (
            Field("loaded", "u32", "samples of the stream so far"),
            Field("counter", "u64", "spent by the front end since the last window, in counter units"),
        ),
    ),
    Message(0x8E, "read_input", "The chunk.", (Field("data", "data", "int8 elements"),)),
    Message(
        0x8F,
        "read_labels",
        "What the head made of the last run's output.",
        (
            Field("head_sha256", "bytes32", "SHA-256 of head.npz"),
            Field("scores", "data", "int8, one a label; s is the probability (s + 128) / 256"),
        ),
    ),
    Message(
        0x90,
        "begin_update",
        "The image may come.",
        (Field("sectors", "u16", "how many sectors from the slot's first are to be erased"),),
    ),
    Message(0x91, "erase", "The sector is erased and blank."),
    Message(
        0x92,
        "write",
        "The chunk is in flash and reads back equal.",
        (Field("next", "u32", "offset behind the chunk"),),
    ),
    Message(
        0x93, "verify", "The image is whole and committed.", (Field("crc", "u32", "CRC-32 of the image"),)
    ),
    Message(0x94, "boot", "The start follows."),
    Message(
        0x95,
        "read_setting",
        "The setting as it counts now.",
        (
            Field("value", "i32", "in the setting's unit"),
            Field("is_kept", "u8", "1 if changes outlive a reset, 0 if the board has no flash for them"),
        ),
    ),
    Message(
        0x96,
        "write_setting",
        "The setting is changed, and stored where the board has flash for it.",
        (Field("value", "i32", "as read back"), Field("is_kept", "u8", "as in read_setting")),
    ),
    Message(0x97, "read_sensor", "What the sensor does.", _SENSOR),
    Message(0x98, "start_sensor", "The sensor has begun; fields as in read_sensor.", _SENSOR),
    Message(
        0x99,
        "play_audio",
        "The sensor has heard the chunk.",
        (
            Field("next", "u32", "offset behind the chunk"),
            Field("windows", "u32", "records since the start"),
        ),
    ),
    Message(0x9A, "read_record", "The chunk.", (Field("data", "data", "bytes of the record"),)),
    Message(0x9B, "read_summary", "The summary, laid out as below.", (Field("data", "data", "its payload"),)),
    Message(
        0xFE,
        "fault",
        "Sent by the HardFault handler, unasked for, with sequence 0; from then on the reply to any request "
        "but reset and enter_bootloader.",
        _FAULT_REGISTERS,
    ),
    Message(
        0xFF,
        "error",
        "The request was refused.",
        (
            Field("code", "u8", "an ErrorCode"),
            Field("request", "u8", "type of the refused request, 0 if unreadable"),
            Field(
                "detail",
                "u32",
                "the offending value; for VERSION_MISMATCH the firmware's version, for VERSION_BELOW the "
                "installed image's, for NOT_ERASED and FLASH_FAILED the address (of a setting: the key), for "
                "BAD_IMAGE the CRC found; of read_record for NO_RESULT the next sequence, for OUT_OF_RANGE "
                "the oldest that is held",
            ),
        ),
    ),
)
