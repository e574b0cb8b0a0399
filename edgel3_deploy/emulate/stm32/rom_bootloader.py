"""The ROM bootloader's serial protocol, device side (ST application note AN3155, USART protocol v3.1)."""

from __future__ import annotations

import functools
import operator
import random
import time
from collections.abc import Callable
from typing import NoReturn, Protocol

from edgel3_deploy.emulate.line import Line
from edgel3_deploy.emulate.stm32.rom_version import RomVersion

ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
GET, GET_VERSION, GET_ID, READ, GO, WRITE, ERASE = 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44
WRITE_PROTECT, WRITE_UNPROTECT, READOUT_PROTECT, READOUT_UNPROTECT = 0x63, 0x73, 0x82, 0x92
VERSION = 0x31
_MASS_ERASE, _BANK_1, _BANK_2, _FIRST_SPECIAL = 0xFFFF, 0xFFFE, 0xFFFD, 0xFFF0
_POLL_SECONDS = 0.05
_FRAME_BITS = 11
_WRONG_RATE = 0.5
"""Of the client's speed: what comes of measuring another byte than 0x7F, or one whose start was missed."""
_SHAKY_ERRORS = (0.0, 0.04, -0.04)
_MISCOUNT = 13
_TURBO_ERASE_SECONDS = 0.2


class Memory(Protocol):
    """The chip as the bootloader reaches it. `read` and `write` return None or False where it cannot."""

    @property
    def device_id(self) -> int: ...
    @property
    def sector_numbers(self) -> tuple[int, ...]: ...
    def read(self, address: int, size: int) -> bytes | None: ...
    def write(self, address: int, data: bytes) -> bool: ...
    def erase(self, sector: int) -> bool: ...
    def in_flash(self, address: int) -> bool: ...
    def erase_seconds(self, sector: int) -> float: ...


class Stopped(Exception):  # noqa: N818 - an event, not an error
    """The virtual board is being switched off."""


class GoTo(Exception):  # noqa: N818 - an event, not an error
    """The Go command: start what has its vector table at `address`."""

    def __init__(self, address: int) -> None:
        super().__init__(f"{address:#010x}")
        self.address = address


class ResetRequest(Exception):  # noqa: N818 - an event, not an error
    """A command that ends with a reset of the chip."""


class _Refused(Exception):  # noqa: N818 - an event, not an error
    """The command is answered with NACK."""


class Protection:
    """Option bytes that the bootloader's commands change; they outlive resets, not the process."""

    def __init__(self) -> None:
        self.readout = False
        self.write: frozenset[int] = frozenset()


class RomBootloader:
    """One run of the bootloader, from a reset to Go.

    The first byte fixes the speed until the next reset, rightly if it is 0x7F and came after start-up.
    `stopping` is asked while nothing arrives. With `jitter` high speeds are measured wrongly now and then.
    """

    def __init__(
        self,
        line: Line,
        memory: Memory,
        protection: Protection,
        stopping: Callable[[], bool],
        version: RomVersion,
        jitter: random.Random | None = None,
    ) -> None:
        self._line = line
        self._memory = memory
        self._protection = protection
        self._stopping = stopping
        self._rom = version
        self._jitter = jitter
        self._buffer = b""
        self._baudrate = 0.0
        self._erasing_until = 0.0
        self._commands: dict[int, Callable[[], None]] = {
            GET: self._get,
            GET_VERSION: self._get_version,
            GET_ID: self._get_id,
            READ: self._read,
            GO: self._go,
            WRITE: self._write,
            ERASE: self._erase,
            WRITE_PROTECT: self._write_protect,
            WRITE_UNPROTECT: self._write_unprotect,
            READOUT_PROTECT: self._readout_protect,
            READOUT_UNPROTECT: self._readout_unprotect,
        }
        self._always_allowed = (GET, GET_VERSION, GET_ID, READOUT_UNPROTECT)

    def run(self) -> NoReturn:
        """Serve commands. Leaves by raising GoTo, ResetRequest or Stopped."""
        self._synchronize()
        while True:
            code, complement = self._take(2)
            try:
                if code ^ complement != 0xFF or code not in self._commands:
                    raise _Refused
                if self._protection.readout and code not in self._always_allowed:
                    raise _Refused
                if code != GO or not self._rom.silent_go:
                    self._send(ACK)
                self._commands[code]()
            except _Refused:
                self._send(NACK)

    def _synchronize(self) -> None:
        """Auto-baud: the first byte's length gives the speed."""
        missed_start = self._start_up()
        right = not missed_start and self._take(1)[0] == SYNC
        client = float(self._line.baudrate)
        self._baudrate = client * (1.0 if right else _WRONG_RATE)
        if self._jitter and client >= self._rom.shaky_baudrate:
            self._baudrate *= 1.0 + self._jitter.choice(_SHAKY_ERRORS)
        self._send(ACK)

    def _start_up(self) -> bool:
        """Be deaf for the start-up time; whether a byte was on the line when it ended."""
        end = time.perf_counter() + self._rom.startup_seconds
        line_is_free = 0.0
        missed_start = False
        while (now := time.perf_counter()) < end:
            client = float(self._line.baudrate)
            frame = _FRAME_BITS / max(1.0, client)
            for byte in self._line.receive(client)[0]:
                starts = max(now, line_is_free)
                line_is_free = starts + frame
                missed_start = missed_start or starts < end < line_is_free
                self._buffer += bytes([byte]) if starts >= end else b""
            self._pause(end - now)
        return missed_start

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data, _ = self._line.receive(self._baudrate or float(self._line.baudrate))
            if not data:
                self._pause(_POLL_SECONDS)
            self._buffer += data
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _pause(self, seconds: float) -> None:
        if self._stopping():
            raise Stopped
        self._line.wait(min(seconds, _POLL_SECONDS))

    def _send(self, *values: int) -> None:
        if self._line.real:
            time.sleep(len(values) * _FRAME_BITS / self._baudrate)
        self._line.send(bytes(values), self._baudrate)

    def _take_checked(self, count: int) -> bytes:
        """`count` bytes and the byte that makes their XOR zero."""
        data = self._take(count + 1)
        if _xor(data):
            raise _Refused
        return data[:-1]

    def _address(self) -> int:
        return int.from_bytes(self._take_checked(4), "big")

    def _get(self) -> None:
        codes = tuple(self._commands)
        self._send(_MISCOUNT if self._rom.miscounts else len(codes), VERSION, *codes, ACK)

    def _get_version(self) -> None:
        self._send(VERSION, 0, 0, ACK)

    def _get_id(self) -> None:
        self._send(1, *self._memory.device_id.to_bytes(2, "big"), ACK)

    def _read(self) -> None:
        address = self._address()
        self._reach(address)
        if self._memory.read(address, 1) is None:
            raise _Refused
        self._send(ACK)
        count, complement = self._take(2)
        data = self._memory.read(address, count + 1)
        if count ^ complement != 0xFF or data is None:
            raise _Refused
        self._send(ACK, *data)

    def _write(self) -> None:
        address = self._address()
        self._reach(address)
        if address % 4 or self._memory.read(address, 1) is None:
            raise _Refused
        self._send(ACK)
        count = self._take(1)
        data = self._take(count[0] + 2)
        if _xor(count + data) or not self._memory.write(address, data[:-1]):
            raise _Refused
        self._send(ACK)

    def _erase(self) -> None:
        head = self._take(2)
        count = int.from_bytes(head, "big")
        numbers = self._memory.sector_numbers
        if count >= _FIRST_SPECIAL:
            half = len(numbers) // 2
            special = {_MASS_ERASE: numbers, _BANK_1: numbers[:half], _BANK_2: numbers[half:]}
            if _xor(head + self._take(1)) or count not in special:
                raise _Refused
            chosen = special[count]
        else:
            body = self._take(2 * (count + 1) + 1)
            if _xor(head + body):
                raise _Refused
            chosen = tuple(int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body) - 1, 2))
        if not set(chosen) <= set(numbers) - self._protection.write:
            raise _Refused
        self._await_erase()
        second_bank = numbers[len(numbers) // 2 :]
        for number in chosen:
            self._memory.erase(number)
            seconds = self._memory.erase_seconds(number) if self._line.real else _TURBO_ERASE_SECONDS
            if self._rom.hasty_bank_2 and number in second_bank:
                self._erasing_until = max(self._erasing_until, time.perf_counter()) + seconds
            elif self._line.real:
                self._pass(seconds)
        self._send(ACK)

    def _reach(self, address: int) -> None:
        if self._memory.in_flash(address):
            self._await_erase()

    def _await_erase(self) -> None:
        """The flash is needed: while an erase that was acknowledged too early still runs, that hangs."""
        while time.perf_counter() < self._erasing_until:
            self._erasing_until = float("inf")
            self._pass(_POLL_SECONDS)

    def _pass(self, seconds: float) -> None:
        """Let time pass without listening."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0.0:
            if self._stopping():
                raise Stopped
            time.sleep(min(left, _POLL_SECONDS))

    def _go(self) -> None:
        address = self._address()
        if self._memory.read(address, 8) is None:
            raise _Refused
        self._send(ACK)
        raise GoTo(address)

    def _write_protect(self) -> None:
        count = self._take(1)
        body = self._take(count[0] + 2)
        if _xor(count + body):
            raise _Refused
        self._protection.write |= frozenset(body[:-1])
        self._send(ACK)
        raise ResetRequest

    def _write_unprotect(self) -> None:
        self._protection.write = frozenset()
        self._send(ACK)
        raise ResetRequest

    def _readout_protect(self) -> None:
        self._protection.readout = True
        self._send(ACK)
        raise ResetRequest

    def _readout_unprotect(self) -> None:
        for number in self._memory.sector_numbers:
            self._memory.erase(number)
        self._protection.readout = False
        self._send(ACK)
        raise ResetRequest


def _xor(data: bytes) -> int:
    return functools.reduce(operator.xor, data, 0)
