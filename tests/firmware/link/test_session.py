"""The dispatcher: every request, every refusal."""

from __future__ import annotations

import ctypes
import zlib

import pytest

from edgel3_deploy.link.framing import Frame
from edgel3_deploy.link.messages import REQUESTS
from edgel3_deploy.link.protocol import (
    MAX_CHUNK,
    MAX_LAYERS,
    PROTOCOL_VERSION,
    RUN_CHECKSUMS,
    RUNNING_SLOT,
    CounterUnit,
    ErrorCode,
    ResetCause,
    SlotState,
)
from tests.firmware.link.conftest import Firmware

INPUT = bytes(value % 100 for value in range(1300))
INVERTED = bytes(value ^ 0x55 for value in INPUT)
OUTPUT = INVERTED[:700]
FAILING_COMMAND = 103
BOOTLOADER, RESET = 1, 2


def error(code: ErrorCode, request: int, detail: int) -> tuple[str, dict[str, int]]:
    return "error", {"code": code, "request": request, "detail": detail}


def load(session: Firmware, data: bytes = INPUT) -> None:
    for offset in range(0, len(data), MAX_CHUNK):
        chunk = data[offset : offset + MAX_CHUNK]
        answer = session.ask("load_input", offset=offset, data=chunk)
        assert answer == ("load_input", {"loaded": offset + len(chunk)})


OF_THE_LOADER = {"begin_update", "erase", "write", "verify", "boot"}
ANSWERED = [message.name for message in REQUESTS if message.name not in OF_THE_LOADER]


@pytest.mark.parametrize("name", [name for name in ANSWERED if name != "hello"])
def test_nothing_works_before_hello(firmware: Firmware, name: str) -> None:
    type_ = next(message.id for message in REQUESTS if message.name == name)
    answer = firmware.exchange(Frame(type_, 9))
    assert answer.body == bytes([ErrorCode.NO_HANDSHAKE, type_]) + PROTOCOL_VERSION.to_bytes(4, "little")
    assert firmware.action == 0


def test_another_version_is_refused_and_ends_the_session(session: Firmware) -> None:
    mismatch = error(ErrorCode.VERSION_MISMATCH, 0x01, PROTOCOL_VERSION)
    assert session.ask("hello", version=PROTOCOL_VERSION + 1) == mismatch
    assert session.ask("identify")[1]["code"] == ErrorCode.NO_HANDSHAKE


def test_identify(session: Firmware) -> None:
    name, values = session.ask("identify")
    assert name == "identify"
    assert values == {
        "model_sha256": bytes([1, 2, 3]).ljust(32, b"\0"),
        "build_id": bytes([4, 5, 6]).ljust(32, b"\0"),
        "device_id": 0x20016451,
        "cpu_hz": 216_000_000,
        "input_size": 1300,
        "output_size": 700,
        "layer_count": 3,
        "counter_unit": CounterUnit.CPU_CYCLES,
        "board": "host",
        "model": "fake",
        "runtime": "native",
    }


def test_an_inference(session: Firmware) -> None:
    load(session)
    assert session.ask("run", flags=0) == ("run", {"counter": 40})
    assert session.ask("read_output", offset=0, length=MAX_CHUNK)[1]["data"] == OUTPUT[:MAX_CHUNK]
    assert session.ask("read_output", offset=MAX_CHUNK, length=188)[1]["data"] == OUTPUT[MAX_CHUNK:]


def test_timing_excludes_the_observer(session: Firmware) -> None:
    """The counter moves by 10 at each look: once per pause, and layer 0 pauses twice."""
    load(session)
    session.ask("run", flags=RUN_CHECKSUMS)
    assert session.ask("read_timing", first=0, count=3) == ("read_timing", {"counters": (20, 10, 10)})
    assert session.ask("read_timing", first=1, count=1) == ("read_timing", {"counters": (10,)})


def test_checksums_cover_each_layer_s_output(session: Firmware) -> None:
    load(session)
    session.ask("run", flags=RUN_CHECKSUMS)
    expected = tuple(zlib.crc32(data) for data in (INPUT, INVERTED, OUTPUT))
    assert session.ask("read_checksums", first=0, count=3) == ("read_checksums", {"checksums": expected})


def test_checksums_need_a_run_that_computed_them(session: Firmware) -> None:
    load(session)
    session.ask("run", flags=RUN_CHECKSUMS)
    session.ask("run", flags=0)
    refusal = error(ErrorCode.NO_RESULT, 0x07, 0)
    assert session.ask("read_checksums", first=0, count=1) == refusal


def test_labels_are_those_of_the_last_run(session: Firmware) -> None:
    assert session.ask("read_labels") == error(ErrorCode.NO_RESULT, 0x0F, 0)
    load(session)
    session.ask("run", flags=0)
    expected = {"head_sha256": bytes([7, 8, 9]) + bytes(29), "scores": bytes([OUTPUT[1], OUTPUT[0]])}
    assert session.ask("read_labels") == ("read_labels", expected)


def test_a_chunk_may_be_repeated(session: Firmware) -> None:
    session.ask("load_input", offset=0, data=INPUT[:512])
    for _ in range(2):
        answer = session.ask("load_input", offset=512, data=INPUT[512:1024])
        assert answer == ("load_input", {"loaded": 1024})


def test_offset_0_begins_a_new_input(session: Firmware) -> None:
    load(session)
    assert session.ask("load_input", offset=0, data=b"\x01")[1] == {"loaded": 1}
    assert session.ask("run", flags=0) == error(ErrorCode.INPUT_INCOMPLETE, 0x04, 1)


def test_the_input_is_read_back(session: Firmware) -> None:
    session.ask("load_input", offset=0, data=INPUT[:512])
    assert session.ask("read_input", offset=0, length=1) == error(ErrorCode.INPUT_INCOMPLETE, 0x0E, 512)
    load(session)
    assert session.ask("read_input", offset=MAX_CHUNK, length=100)[1]["data"] == INPUT[MAX_CHUNK:][:100]


def test_an_image_without_a_front_end_takes_no_audio(session: Firmware) -> None:
    refusal = error(ErrorCode.NOT_SUPPORTED, 0x0D, 0)
    assert session.ask("load_audio", offset=0, flags=0, data=b"\0\0") == refusal


@pytest.mark.parametrize("offset", [1, 512, 1300, 0xFFFF_FFFF])
def test_a_gap_in_the_input_is_refused(session: Firmware, offset: int) -> None:
    refusal = error(ErrorCode.OUT_OF_RANGE, 0x03, offset)
    assert session.ask("load_input", offset=offset, data=b"\x01") == refusal


def test_more_than_the_input_is_refused(session: Firmware) -> None:
    load(session)
    refusal = error(ErrorCode.OUT_OF_RANGE, 0x03, 1300)
    assert session.ask("load_input", offset=1300, data=b"\x01") == refusal
    assert session.ask("run", flags=0)[0] == "run"


def test_a_failed_run_leaves_no_result(session: Firmware) -> None:
    load(session)
    session.ask("run", flags=0)
    load(session, bytes([FAILING_COMMAND]) + INPUT[1:])
    assert session.ask("run", flags=0) == error(ErrorCode.RUN_FAILED, 0x04, 2)
    assert session.ask("read_output", offset=0, length=1) == error(ErrorCode.NO_RESULT, 0x05, 0)
    assert session.ask("read_timing", first=0, count=1) == error(ErrorCode.NO_RESULT, 0x06, 0)


@pytest.mark.parametrize(
    ("name", "type_", "values", "detail"),
    [
        ("read_output", 0x05, {"offset": 0, "length": MAX_CHUNK + 1}, MAX_CHUNK + 1),
        ("read_output", 0x05, {"offset": 700, "length": 1}, 700),
        ("read_output", 0x05, {"offset": 0xFFFF_FFFF, "length": 2}, 0xFFFF_FFFF),
        ("read_timing", 0x06, {"first": 0, "count": 4}, 4),
        ("read_timing", 0x06, {"first": 0xFFFF, "count": 0xFFFF}, 0x1FFFE),
        ("read_checksums", 0x07, {"first": 0, "count": MAX_LAYERS + 1}, MAX_LAYERS + 1),
        ("read_input", 0x0E, {"offset": 1300, "length": 1}, 1300),
        ("read_input", 0x0E, {"offset": 0, "length": MAX_CHUNK + 1}, MAX_CHUNK + 1),
        ("run", 0x04, {"flags": 2}, 2),
    ],
)
def test_what_is_out_of_range_is_refused(
    session: Firmware, name: str, type_: int, values: dict[str, int], detail: int
) -> None:
    load(session)
    session.ask("run", flags=RUN_CHECKSUMS)
    assert session.ask(name, **values) == error(ErrorCode.OUT_OF_RANGE, type_, detail)


@pytest.mark.parametrize(
    ("type_", "size"),
    [(0x01, 1), (0x02, 1), (0x03, 3), (0x03, 4 + MAX_CHUNK + 1), (0x04, 0), (0x04, 2), (0x05, 5), (0x08, 1)],
)
def test_a_body_of_the_wrong_length_is_refused(session: Firmware, type_: int, size: int) -> None:
    answer = session.exchange(Frame(type_, 5, b"\x01" * size))
    assert answer == Frame(0xFF, 5, bytes([ErrorCode.BAD_LENGTH, type_]) + size.to_bytes(4, "little"))


@pytest.mark.parametrize("type_", [0x00, 0x10, 0x14, 0x1C, 0x7F, 0x80, 0x81, 0xFE, 0xFF])
def test_unknown_types_are_refused(session: Firmware, type_: int) -> None:
    answer = session.exchange(Frame(type_, 5))
    assert answer.body == bytes([ErrorCode.UNKNOWN_TYPE, type_]) + type_.to_bytes(4, "little")


def test_memory(session: Firmware) -> None:
    expected = {"stack_peak": 100, "stack_size": 8192, "data_size": 3000, "arena_size": 1300}
    assert session.ask("read_memory") == ("read_memory", expected)


def test_reset_and_bootloader_are_acknowledged_before_they_happen(session: Firmware) -> None:
    assert session.ask("reset") == ("reset", {})
    assert session.action == RESET
    assert session.ask("enter_bootloader") == ("enter_bootloader", {})
    assert session.action == BOOTLOADER


def test_a_board_without_a_bootloader_says_so(firmware: Firmware) -> None:
    firmware.start(bootloader=False)
    firmware.greet()
    assert firmware.ask("enter_bootloader") == error(ErrorCode.NOT_SUPPORTED, 0x09, 0)
    assert firmware.action == 0


def test_a_run_lights_the_lamp_and_puts_it_out(session: Firmware) -> None:
    lit = (ctypes.c_uint32 * 2).in_dll(session.library, "harness_lit")
    before = list(lit)
    load(session)
    session.ask("run", flags=0)
    assert list(lit) == [before[0] + 1, before[1] + 1]


def test_read_reset_after_power_on(session: Firmware) -> None:
    name, values = session.ask("read_reset")
    assert name == "read_reset"
    assert values.pop("cause") == ResetCause.POWER_ON
    assert not any(values.values())


@pytest.mark.parametrize("slot", [0, RUNNING_SLOT])
def test_a_bare_image_gives_the_crc_of_its_own_flash(session: Firmware, slot: int) -> None:
    flash = (ctypes.c_uint8 * 1000).in_dll(session.library, "host_flash")
    flash[:] = [value % 251 for value in range(1000)]
    name, values = session.ask("read_image", slot=slot)
    assert name == "read_image"
    assert values == {
        "slot": 0,
        "state": SlotState.CONFIRMED,
        "slots": 0,
        "origin": 0x0800_0000,
        "capacity": 1000,
        "size": 1000,
        "crc": zlib.crc32(bytes(flash)),
        "header_crc": 0,
        "version": 0,
        "sequence": 0,
        "build_id": bytes([4, 5, 6]).ljust(32, b"\0"),
    }


def test_a_bare_image_has_no_second_slot(session: Firmware) -> None:
    assert session.ask("read_image", slot=1) == error(ErrorCode.OUT_OF_RANGE, 0x0C, 1)


def test_settings_are_read_and_changed(session: Firmware) -> None:
    """The host's image is a bare one: RAM keeps its settings."""
    assert session.ask("read_setting", key=1) == ("read_setting", {"value": 1000, "is_kept": 0})
    assert session.ask("write_setting", key=4, value=-250) == ("write_setting", {"value": -250, "is_kept": 0})
    assert session.ask("read_setting", key=4)[1]["value"] == -250


@pytest.mark.parametrize(("key", "value"), [(1, 99), (1, -1), (1, 60_001), (4, -(2**31)), (8, 1), (0, 0)])
def test_other_values_and_keys_are_refused(session: Firmware, key: int, value: int) -> None:
    kind, answer = session.ask("write_setting", key=key, value=value)
    assert (kind, answer["code"]) == ("error", ErrorCode.OUT_OF_RANGE)
    assert answer["detail"] == (value % 2**32 if key in (1, 4) else key)


def test_unknown_settings_cannot_be_read(session: Firmware) -> None:
    assert session.ask("read_setting", key=96)[1]["code"] == ErrorCode.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("read_sensor", {}),
        ("start_sensor", {"source": 1}),
        ("play_audio", {"offset": 0, "data": b""}),
        ("read_record", {"sequence": 0, "offset": 0, "length": 1}),
        ("read_summary", {}),
    ],
)
def test_an_image_without_a_front_end_has_no_sensor(
    session: Firmware, name: str, fields: dict[str, int | bytes]
) -> None:
    type_ = next(message.id for message in REQUESTS if message.name == name)
    assert session.ask(name, **fields) == error(ErrorCode.NOT_SUPPORTED, type_, 0)
