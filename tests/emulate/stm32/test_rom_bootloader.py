from __future__ import annotations

import functools
import operator
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.emulate import line as line_module
from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32 import rom_bootloader as rom_module
from edgel3_deploy.emulate.stm32.rom_bootloader import (
    ACK,
    NACK,
    SYNC,
    GoTo,
    Protection,
    ResetRequest,
    RomBootloader,
    Stopped,
)
from edgel3_deploy.emulate.stm32.rom_version import RomVersion, f7_rom, h7_rom
from tests.emulate.wire import FakeWire, Host

PROMPT = replace(f7_rom(), startup_seconds=0.0)
"""A bootloader that listens at once."""

ORIGIN = 0x0800_0000
SIZE = 0x1000


class FakeMemory:
    """4 KB in four sectors."""

    device_id = 0x451
    sector_numbers = (0, 1, 2, 3)

    def __init__(self) -> None:
        self.cells = bytearray(b"\xff" * SIZE)
        self.erased: list[int] = []

    def read(self, address: int, size: int) -> bytes | None:
        start = address - ORIGIN
        return bytes(self.cells[start : start + size]) if start >= 0 and start + size <= SIZE else None

    def write(self, address: int, data: bytes) -> bool:
        if self.read(address, len(data)) is None:
            return False
        self.cells[address - ORIGIN : address - ORIGIN + len(data)] = data
        return True

    def erase(self, sector: int) -> bool:
        self.erased.append(sector)
        return True

    def in_flash(self, address: int) -> bool:
        return 0 <= address - ORIGIN < SIZE

    def erase_seconds(self, sector: int) -> float:
        return 1.0


def with_xor(data: bytes) -> bytes:
    return data + bytes([functools.reduce(operator.xor, data)])


def command(code: int) -> bytes:
    return bytes([code, 0xFF ^ code])


def address(value: int) -> bytes:
    return with_xor(value.to_bytes(4, "big"))


def talk(
    sent: bytes,
    memory: FakeMemory | None = None,
    protection: Protection | None = None,
    synced: bool = True,
    rom: RomVersion = PROMPT,
) -> tuple[bytes, Exception]:
    """What the bootloader answers to `sent`, and what it left with."""
    wire = FakeWire(57_600)
    wire.incoming = (bytes([SYNC]) if synced else b"") + sent
    bootloader = RomBootloader(
        Line(wire), memory or FakeMemory(), protection or Protection(), lambda: True, rom
    )
    with pytest.raises((Stopped, GoTo, ResetRequest)) as left:
        bootloader.run()
    return wire.outgoing[1:] if synced else wire.outgoing, left.value


def test_any_other_first_byte_fixes_a_wrong_speed() -> None:
    assert talk(b"\x7f", synced=False)[0] == bytes([ACK])
    answer = talk(b"\x00" + b"\x7f" * 20 + command(0x02), synced=False)[0]
    assert len(answer) > 1
    assert not {ACK, NACK} & set(answer), "all that comes is garbled"


class ScheduledWire(FakeWire):
    """Bytes arrive at their times, in seconds after the reset."""

    def __init__(self, host: Host, *arrivals: tuple[float, bytes]) -> None:
        super().__init__(115_200)
        self._host = host
        self._arrivals = [(host.now + at, data) for at, data in arrivals]

    def read(self) -> bytes:
        due = [data for at, data in self._arrivals if at <= self._host.now]
        self._arrivals = self._arrivals[len(due) :]
        return b"".join(due)

    def wait(self, seconds: float) -> None:
        until = self._host.now + seconds
        if self._arrivals:
            until = min(until, max(self._host.now, self._arrivals[0][0]))
        self._host.now = until

    @property
    def idle(self) -> bool:
        return not self._arrivals


@pytest.mark.parametrize(
    ("arrivals", "answer"),
    [
        pytest.param([(0.010, b"\x7f")], b"", id="deaf while it starts"),
        pytest.param([(0.010, b"\x7f"), (0.060, b"\x7f")], bytes([ACK]), id="the next one counts"),
        pytest.param([(0.05395, b"\x7f"), (0.060, b"\x7f")], None, id="cut in half: a wrong speed"),
        pytest.param([(0.0535, b"\x7f" * 20)], None, id="a burst over the boundary"),
    ],
)
def test_start_up_takes_54_ms_on_the_h7(
    monkeypatch: pytest.MonkeyPatch, arrivals: list[tuple[float, bytes]], answer: bytes | None
) -> None:
    host = Host()
    for module in (rom_module, line_module):
        monkeypatch.setattr(module, "time", host)
    wire = ScheduledWire(host, *arrivals)
    done = host.now + 0.1

    def stopping() -> bool:
        return wire.idle and host.now > done

    with pytest.raises(Stopped):
        RomBootloader(Line(wire), FakeMemory(), Protection(), stopping, h7_rom()).run()
    if answer is None:
        assert wire.outgoing
        assert not {ACK, NACK} & set(wire.outgoing)
    else:
        assert wire.outgoing == answer


@pytest.mark.parametrize(("baudrate", "always_right"), [(38_400, True), (57_600, False), (115_200, False)])
def test_the_f7_may_measure_high_speeds_wrongly(baudrate: int, always_right: bool) -> None:
    jitter, answers = random.Random(1), set()
    for _ in range(20):
        wire = FakeWire(baudrate)
        wire.incoming = bytes([SYNC])
        with pytest.raises(Stopped):
            RomBootloader(Line(wire), FakeMemory(), Protection(), lambda: True, PROMPT, jitter).run()
        answers.add(wire.outgoing)
    assert bytes([ACK]) in answers
    assert (len(answers) == 1) == always_right


def test_rom_0x90_counts_13_commands_and_goes_without_a_word() -> None:
    old = replace(h7_rom(0x90), startup_seconds=0.0)
    answer, _ = talk(command(0x00), rom=old)
    assert (answer[1], len(answer)) == (13, 1 + 1 + 1 + 11 + 1)
    answer, left = talk(command(0x21) + address(ORIGIN), rom=old)
    assert answer == bytes([ACK]), "only the address is acknowledged"
    assert isinstance(left, GoTo)


@pytest.mark.parametrize("sector", [1, 2])
@pytest.mark.parametrize("waits", [False, True])
def test_rom_0x91_hangs_if_the_flash_is_needed_too_soon(
    monkeypatch: pytest.MonkeyPatch, sector: int, waits: bool
) -> None:
    host = Host()
    for module in (rom_module, line_module):
        monkeypatch.setattr(module, "time", host)
    read = command(0x11) + address(ORIGIN) + command(0)
    erase = command(0x44) + with_xor(bytes([0, 0, 0, sector]))
    wire = ScheduledWire(host, (0.1, bytes([SYNC]) + erase), (2.0 if waits else 0.11, read))
    end = host.now + 10.0
    hasty = replace(h7_rom(0x91), startup_seconds=0.0)
    with pytest.raises(Stopped):
        RomBootloader(Line(wire), FakeMemory(), Protection(), lambda: host.now > end, hasty).run()
    erased, answered = bytes([ACK] * 3), bytes([ACK] * 3) + b"\xff"
    hangs = sector == 2 and not waits
    assert wire.outgoing == erased + (bytes([ACK]) if hangs else answered)


def test_two_further_sync_bytes_are_a_wrong_command() -> None:
    assert talk(bytes([SYNC]))[0] == b""
    assert talk(bytes([SYNC, SYNC]))[0] == bytes([NACK])


def test_get_version_and_id() -> None:
    answer, _ = talk(command(0x00))
    assert answer[0] == ACK
    assert answer[1] == len(answer) - 4
    assert {0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44} <= set(answer[3:-1])
    assert talk(command(0x01))[0] == bytes([ACK, 0x31, 0, 0, ACK])
    assert talk(command(0x02))[0] == bytes([ACK, 1, 0x04, 0x51, ACK])


def test_memory_is_read_and_written() -> None:
    memory = FakeMemory()
    body = with_xor(bytes([3]) + b"\x01\x02\x03\x04")
    assert talk(command(0x31) + address(ORIGIN + 8) + body, memory)[0] == bytes([ACK] * 3)
    assert memory.cells[8:12] == b"\x01\x02\x03\x04"
    answer, _ = talk(command(0x11) + address(ORIGIN + 7) + command(5), memory)
    assert answer == bytes([ACK] * 3) + b"\xff\x01\x02\x03\x04\xff"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(bytes([0x11, 0x11]), id="wrong complement"),
        pytest.param(command(0x99), id="unknown command"),
        pytest.param(command(0x11) + b"\x08\x00\x00\x00\x00", id="address checksum"),
        pytest.param(command(0x11) + address(0), id="address that is not there"),
        pytest.param(command(0x11) + address(ORIGIN) + bytes([5, 5]), id="length complement"),
        pytest.param(command(0x11) + address(ORIGIN + SIZE - 4) + command(4), id="reading over the end"),
        pytest.param(command(0x31) + address(ORIGIN + 1), id="writing an unaligned address"),
        pytest.param(command(0x31) + address(ORIGIN) + b"\x00\x00\x01", id="data checksum"),
        pytest.param(
            command(0x31) + address(ORIGIN + SIZE - 4) + with_xor(b"\x07" + bytes(8)), id="writing over it"
        ),
        pytest.param(command(0x44) + b"\x00\x00\x00\x01\x00", id="erase checksum"),
        pytest.param(command(0x44) + with_xor(b"\x00\x00\x00\x04"), id="no such sector"),
        pytest.param(command(0x44) + with_xor(b"\xff\xfc"), id="no such special erase"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(sent: bytes) -> None:
    memory = FakeMemory()
    answer, left = talk(sent + command(0x02), memory)
    assert bytes([NACK, ACK, 1, 0x04, 0x51, ACK]) in answer
    assert isinstance(left, Stopped)
    assert memory.cells == b"\xff" * SIZE
    assert memory.erased == []


@pytest.mark.parametrize(
    ("body", "erased"),
    [
        (b"\x00\x00\x00\x02", [2]),
        (b"\x00\x01\x00\x03\x00\x01", [3, 1]),
        (b"\xff\xff", [0, 1, 2, 3]),
        (b"\xff\xfe", [0, 1]),
        (b"\xff\xfd", [2, 3]),
    ],
)
def test_extended_erase_by_sector_number_bank_and_all(body: bytes, erased: list[int]) -> None:
    memory = FakeMemory()
    assert talk(command(0x44) + with_xor(body), memory)[0] == bytes([ACK, ACK])
    assert memory.erased == erased


def test_go_leaves_after_its_acknowledgement() -> None:
    answer, left = talk(command(0x21) + address(ORIGIN))
    assert answer == bytes([ACK, ACK])
    assert isinstance(left, GoTo)
    assert left.address == ORIGIN


def test_readout_protection_ends_with_everything_erased() -> None:
    protection, memory = Protection(), FakeMemory()
    answer, left = talk(command(0x82), memory, protection)
    assert (answer, type(left)) == (bytes([ACK, ACK]), ResetRequest)
    for code in (0x11, 0x21, 0x31, 0x44):
        assert talk(command(code), memory, protection)[0] == bytes([NACK])
    assert talk(command(0x02), memory, protection)[0][0] == ACK
    assert talk(command(0x92), memory, protection)[0] == bytes([ACK, ACK])
    assert memory.erased == [0, 1, 2, 3]
    assert not protection.readout


def test_write_protected_sectors_are_not_erased() -> None:
    protection, memory = Protection(), FakeMemory()
    assert talk(command(0x63) + with_xor(b"\x00\x02"), memory, protection)[0] == bytes([ACK, ACK])
    assert talk(command(0x44) + with_xor(b"\xff\xff"), memory, protection)[0] == bytes([ACK, NACK])
    assert memory.erased == []
    assert talk(command(0x73), memory, protection)[0] == bytes([ACK, ACK])
    assert talk(command(0x44) + with_xor(b"\xff\xff"), memory, protection)[0] == bytes([ACK, ACK])


@given(st.binary(max_size=600))
def test_whatever_arrives_it_goes_on_listening(sent: bytes) -> None:
    answer, _ = talk(sent)
    assert set(answer[:1]) <= {ACK, NACK}


@given(
    st.lists(st.sampled_from([0x00, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92]), max_size=5),
    st.data(),
)
def test_damaged_bodies_never_stop_it(codes: list[int], data: st.DataObject) -> None:
    sent = b"".join(
        command(code)
        + address(ORIGIN + data.draw(st.integers(-8, SIZE + 8)))
        + data.draw(st.binary(max_size=20))
        for code in codes
    )
    assert isinstance(talk(sent)[1], Stopped | GoTo | ResetRequest)
