"""Bodies are coded from the declaration: every message round-trips, and any other body is refused by name."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.link import codec
from edgel3_deploy.link.codec import CodecError, Value
from edgel3_deploy.link.messages import REPLIES, REQUESTS, Field, Message
from edgel3_deploy.link.protocol import MAX_BODY

VALUES: dict[str, st.SearchStrategy[Value]] = {
    "u8": st.integers(0, 2**8 - 1),
    "u16": st.integers(0, 2**16 - 1),
    "u32": st.integers(0, 2**32 - 1),
    "u64": st.integers(0, 2**64 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "bytes16": st.binary(min_size=16, max_size=16),
    "bytes32": st.binary(min_size=32, max_size=32),
    "text": st.text(max_size=50),
    "data": st.binary(max_size=512),
    "u32s": st.lists(st.integers(0, 2**32 - 1), max_size=64).map(tuple),
    "u64s": st.lists(st.integers(0, 2**64 - 1), max_size=64).map(tuple),
}
messages = st.sampled_from(REQUESTS + REPLIES)


@given(messages, st.data())
def test_every_message_round_trips(message: Message, data: st.DataObject) -> None:
    values = {field.name: data.draw(VALUES[field.type], label=field.name) for field in message.fields}
    assert codec.decode(message, codec.encode(message, values)) == values


@given(messages, st.binary(max_size=MAX_BODY))
def test_any_body_decodes_or_is_refused_by_name(message: Message, body: bytes) -> None:
    try:
        values = codec.decode(message, body)
    except CodecError as error:
        assert message.name in str(error)
    else:
        assert codec.encode(message, values) == body


@given(messages, st.data())
def test_a_body_cut_short_is_refused_unless_its_rest_is_open(message: Message, data: st.DataObject) -> None:
    values = {field.name: data.draw(VALUES[field.type]) for field in message.fields}
    body = codec.encode(message, values)
    with contextlib.suppress(CodecError):
        decoded = codec.decode(message, body[: data.draw(st.integers(0, max(0, len(body) - 1)))])
        assert not message.fields or message.fields[-1].type in ("data", "u32s", "u64s")
        assert set(decoded) == set(values)


def test_integers_are_little_endian() -> None:
    assert (
        codec.encode(codec.request("read_output"), {"offset": 0x01020304, "length": 0x0506}).hex()
        == "040302010605"
    )


def test_text_is_a_length_and_utf8() -> None:
    message = Message(0x90, "greeting", "", (Field("text", "text", ""),))
    assert codec.encode(message, {"text": "Käse"}) == b"\x05K\xc3\xa4se"
    with pytest.raises(CodecError, match=r"greeting\.text: not UTF-8"):
        codec.decode(message, b"\x02\xff\xff")


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        ("hello", {"version": 70_000}, r"hello\.version: 70000 does not fit u16"),
        ("hello", {"version": -1}, r"hello\.version: -1 does not fit u16"),
        ("hello", {"version": "1"}, r"hello\.version: '1' does not fit u16"),
        ("hello", {}, r"hello: fields are \['version'\], not \[\]"),
        ("run", {"flags": 0, "mode": 1}, "run: fields are"),
        ("load_input", {"offset": 0, "data": bytes(800)}, "load_input: body of 804 bytes exceeds 768"),
    ],
)
def test_values_that_do_not_fit_are_refused(name: str, values: dict[str, Value], complaint: str) -> None:
    with pytest.raises(CodecError, match=complaint):
        codec.encode(codec.request(name), values)


def test_bytes_too_many_are_refused() -> None:
    with pytest.raises(CodecError, match="run: 1 bytes too many"):
        codec.decode(codec.reply("run"), bytes(9))


def test_a_partial_array_item_is_refused() -> None:
    with pytest.raises(CodecError, match=r"read_checksums\.checksums: 5 bytes are no whole number of u32"):
        codec.decode(codec.reply("read_checksums"), bytes(5))


def test_messages_are_found_by_name_and_id() -> None:
    assert codec.reply_by_id(0x82) is codec.reply("identify")
    assert codec.reply_by_id(0x01) is None
