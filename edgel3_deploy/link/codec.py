"""Message bodies to and from Python values, generically from `edgel3_deploy.link.protocol`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgel3_deploy.link.messages import REPLIES, REQUESTS, Field, FieldType, Message
from edgel3_deploy.link.protocol import MAX_BODY

Value = int | bytes | str | tuple[int, ...]
"""u8 to u64 and i32: int; bytes16, bytes32 and data: bytes; text: str; u32s and u64s: tuple of int."""

_INTEGER_SIZES: Mapping[FieldType, int] = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_SIGNED_SIZES: Mapping[FieldType, int] = {"i32": 4}
_BYTES_SIZES: Mapping[FieldType, int] = {"bytes16": 16, "bytes32": 32}
_ARRAY_ITEM_SIZES: Mapping[FieldType, int] = {"u32s": 4, "u64s": 8}
_MAX_TEXT = 255

_REQUESTS = {message.name: message for message in REQUESTS}
_REPLIES = {message.name: message for message in REPLIES}
_REPLIES_BY_ID = {message.id: message for message in REPLIES}


class CodecError(ValueError):
    """A body or a value that the declaration does not allow; the text names message and field."""


def request(name: str) -> Message:
    """The request of that name; KeyError if there is none."""
    return _REQUESTS[name]


def reply(name: str) -> Message:
    """The reply of that name; KeyError if there is none."""
    return _REPLIES[name]


def reply_by_id(type_: int) -> Message | None:
    """The reply with that id on the wire, or None."""
    return _REPLIES_BY_ID.get(type_)


def encode(message: Message, values: Mapping[str, Value]) -> bytes:
    """The body that carries `values`, one per field. CodecError for a missing, unknown or unfit value."""
    names = {field.name for field in message.fields}
    if names != set(values):
        raise CodecError(f"{message.name}: fields are {sorted(names)}, not {sorted(values)}")
    body = b"".join(_encode_field(message, field, values[field.name]) for field in message.fields)
    if len(body) > MAX_BODY:
        raise CodecError(f"{message.name}: body of {len(body)} bytes exceeds {MAX_BODY}")
    return body


def _encode_field(message: Message, field: Field, value: Value) -> bytes:
    try:
        if field.type in _INTEGER_SIZES and isinstance(value, int):
            return value.to_bytes(_INTEGER_SIZES[field.type], "little")
        if field.type in _SIGNED_SIZES and isinstance(value, int):
            return value.to_bytes(_SIGNED_SIZES[field.type], "little", signed=True)
        if (
            field.type in _ARRAY_ITEM_SIZES
            and isinstance(value, Sequence)
            and not isinstance(value, str | bytes)
        ):
            return b"".join(item.to_bytes(_ARRAY_ITEM_SIZES[field.type], "little") for item in value)
        if field.type == "text" and isinstance(value, str):
            text = value.encode()
            if len(text) <= _MAX_TEXT:
                return bytes([len(text)]) + text
        if field.type == "data" and isinstance(value, bytes):
            return value
        if field.type in _BYTES_SIZES and isinstance(value, bytes) and len(value) == _BYTES_SIZES[field.type]:
            return value
    except (OverflowError, UnicodeEncodeError):
        pass
    raise CodecError(f"{message.name}.{field.name}: {value!r} does not fit {field.type}")


def decode(message: Message, body: bytes) -> dict[str, Value]:
    """The field values of `body`. CodecError if it is too short, too long or holds text that is not UTF-8."""
    values: dict[str, Value] = {}
    position = 0
    for field in message.fields:
        values[field.name], position = _decode_field(message, field, body, position)
    if position != len(body):
        raise CodecError(f"{message.name}: {len(body) - position} bytes too many")
    return values


def _decode_field(message: Message, field: Field, body: bytes, position: int) -> tuple[Value, int]:
    def take(count: int) -> bytes:
        if position + count > len(body):
            raise CodecError(f"{message.name}.{field.name}: the body of {len(body)} bytes ends too early")
        return body[position : position + count]

    if field.type in _INTEGER_SIZES:
        size = _INTEGER_SIZES[field.type]
        return int.from_bytes(take(size), "little"), position + size
    if field.type in _SIGNED_SIZES:
        size = _SIGNED_SIZES[field.type]
        return int.from_bytes(take(size), "little", signed=True), position + size
    if field.type in _BYTES_SIZES:
        size = _BYTES_SIZES[field.type]
        return take(size), position + size
    if field.type == "text":
        size = 1 + take(1)[0]
        try:
            return take(size)[1:].decode(), position + size
        except UnicodeDecodeError as error:
            raise CodecError(f"{message.name}.{field.name}: not UTF-8") from error
    rest = body[position:]
    if field.type == "data":
        return rest, len(body)
    size = _ARRAY_ITEM_SIZES[field.type]
    if len(rest) % size:
        raise CodecError(
            f"{message.name}.{field.name}: {len(rest)} bytes are no whole number of {field.type[:-1]}"
        )
    items = tuple(int.from_bytes(rest[at : at + size], "little") for at in range(0, len(rest), size))
    return items, len(body)
