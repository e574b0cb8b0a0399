"""The chip's side of AN3155 in Python, on a pseudo-terminal, with all that may go wrong in flashing."""

from __future__ import annotations

import functools
import operator
import threading
import time
from collections.abc import Callable, Generator

from edgel3_deploy.boards.board import Board
from edgel3_deploy.flash.an3155 import (
    ACK,
    EXTENDED_ERASE,
    GET,
    GET_ID,
    GO,
    NACK,
    READ_MEMORY,
    SYNC,
    WRITE_MEMORY,
)
from tests.link.fake_board import FakeBoard
from tests.link.pty_device import PtyDevice

COMMANDS = (GET, 0x01, GET_ID, READ_MEMORY, GO, WRITE_MEMORY, 0x44, 0x63, 0x73, 0x82, 0x92)


class FakeBootloader(PtyDevice):
    """A chip whose `flash` starts programmed with old contents, so that a missing erase shows.

    `protected` refuses memory commands; `nack_writes` are numbers of refused blocks; `swallow` is a block of
    which a byte is lost; `stuck` maps addresses to what they read back as; `unplug_after` counts commands;
    `asleep` is a firmware that runs until asked to enter the bootloader, which then starts if it `wakes`,
    deaf for the board's `startup_ms`; a byte that comes earlier is in `early`. `rom_id` is its version, with
    the faults that AN2606 lists: 0x90 gives no first ACK for Go and announces too many commands, 0x91
    acknowledges the erase of bank 2 at once and hangs if the flash is touched within `erase_seconds`.
    `dual_bank` clears nDBANK; `stray` inserts a byte before the reply to that command; `misread` garbles the
    first reading of an address; `lost_acks` are numbers of blocks that are programmed and not acknowledged;
    `garbled` are blocks that are programmed with a wrong byte and not acknowledged.
    """

    def __init__(
        self,
        board: Board,
        *,
        device_id: int | None = None,
        commands: tuple[int, ...] = COMMANDS,
        synchronized: bool = False,
        protected: bool = False,
        nack_writes: frozenset[int] = frozenset(),
        swallow: int | None = None,
        stuck: dict[int, int] | None = None,
        unplug_after: int | None = None,
        asleep: FakeBoard | None = None,
        wakes: bool = True,
        rom_id: int = 0x93,
        dual_bank: bool = False,
        erase_seconds: float = 0.0,
        stray: int | None = None,
        misread: frozenset[int] = frozenset(),
        lost_acks: frozenset[int] = frozenset(),
        garbled: frozenset[int] = frozenset(),
    ) -> None:
        super().__init__()
        assert board.bootloader is not None
        self._board = board
        self._device_id = board.bootloader.device_id if device_id is None else device_id
        self._commands = commands
        self._protected = protected
        self._nack_writes = set(nack_writes)
        self._swallow = swallow
        self._stuck = stuck or {}
        self._unplug_after = unplug_after
        self._asleep = asleep
        self._wakes = wakes
        self._rom_id = rom_id
        self._options = (0xFFFF ^ (1 << 13 if dual_bank else 0)).to_bytes(2, "little")
        self._erase_seconds = erase_seconds
        self._busy_until = 0.0
        self._stray = stray
        self._misread = set(misread)
        self._lost_acks, self._garbled = lost_acks, set(garbled)
        self._deaf_until = 0.0
        self.early = b""
        if asleep is not None:
            asleep.send = self.send  # type: ignore[method-assign]
        self.flash = bytearray(b"\x00" * board.flash.size)
        self.erased: list[int] = []
        self.log: list[int] = []
        self.block_sizes: list[int] = []
        self.started_at: int | None = None
        self._started = threading.Event()
        self._blocks = 0
        self._chip = self._run(synchronized)
        next(self._chip)

    def await_start(self, seconds: float) -> int | None:
        """What Go has started, waiting for so long."""
        self._started.wait(seconds)
        return self.started_at

    def received(self, data: bytes) -> None:
        if self._asleep is not None:
            # Before the reply, from which on the host counts.
            asked = time.monotonic()
            self._asleep.received(data)
            if "enter_bootloader" in self._asleep.requests:
                self._asleep = None
                facts = self._board.bootloader
                assert facts is not None
                self._deaf_until = asked + facts.startup_ms / 1000
                if not self._wakes:
                    self._chip = _ignore()
                    next(self._chip)
            return
        if time.monotonic() < self._deaf_until:
            self.early += data
            return
        for byte in data:
            if self._plugged:
                self._chip.send(byte)

    def _run(self, synchronized: bool) -> Generator[None, int, None]:
        while not synchronized:
            synchronized = (yield) == SYNC
            if synchronized:
                self.send(bytes([ACK]))
        handlers: dict[int, Callable[[], Generator[None, int, None]]] = {
            GET: self._get,
            GET_ID: self._get_id,
            READ_MEMORY: self._read,
            GO: self._go,
            WRITE_MEMORY: self._write,
            EXTENDED_ERASE: self._erase,
        }
        while True:
            code = yield
            complement = yield
            refused = self._protected and code in (READ_MEMORY, WRITE_MEMORY, EXTENDED_ERASE, GO)
            if code ^ complement != 0xFF or code not in handlers or refused:
                self.send(bytes([NACK]))
                continue
            self.log.append(code)
            if self._unplug_after is not None and len(self.log) > self._unplug_after:
                self.unplug()
                yield
                continue
            if time.monotonic() < self._busy_until:
                yield from _ignore()
            if self._stray is not None and len(self.log) == self._stray:
                self.send(b"U")
            if code != GO or self._rom_id != 0x90:
                self.send(bytes([ACK]))
            yield from handlers[code]()

    def _get(self) -> Generator[None, int, None]:
        announced = len(self._commands) + (2 if self._rom_id == 0x90 else 0)
        self.send(bytes([announced, 0x31, *self._commands, ACK]))
        yield from ()

    def _get_id(self) -> Generator[None, int, None]:
        self.send(bytes([1]) + self._device_id.to_bytes(2, "big") + bytes([ACK]))
        yield from ()

    def _address(self) -> Generator[None, int, int | None]:
        body = yield from _take(5)
        if functools.reduce(operator.xor, body):
            self.send(bytes([NACK]))
            return None
        self.send(bytes([ACK]))
        return int.from_bytes(body[:4], "big") - self._board.flash.origin

    def _other_memory(self, address: int) -> bytes | None:
        """What stands outside the flash: the bootloader's version and the option bytes."""
        facts = self._board.bootloader
        assert facts is not None
        return {facts.id_address: bytes([self._rom_id]), 0x1FFF0008: self._options}.get(address)

    def _read(self) -> Generator[None, int, None]:
        offset = yield from self._address()
        if offset is None:
            return
        count, complement = yield from _take(2)
        if count ^ complement != 0xFF:
            self.send(bytes([NACK]))
            return
        other = self._other_memory(offset + self._board.flash.origin)
        cells = other or bytes(self._cell(offset + at) for at in range(count + 1))
        self.send(bytes([ACK]) + cells)

    def _cell(self, offset: int) -> int:
        if offset + self._board.flash.origin in self._misread:
            self._misread.remove(offset + self._board.flash.origin)
            return self.flash[offset] ^ 0xFF
        return self._stuck.get(offset + self._board.flash.origin, self.flash[offset])

    def _write(self) -> Generator[None, int, None]:
        offset = yield from self._address()
        if offset is None:
            return
        count = yield
        body = yield from _take(count + 1 + 1)
        self.block_sizes.append(count + 1)
        number, self._blocks = self._blocks, self._blocks + 1
        if number == self._swallow:
            yield
        if functools.reduce(operator.xor, body, count) or number in self._nack_writes:
            self.send(bytes([NACK]))
            return
        wrong = number in self._garbled
        # Programming only clears bits.
        for at, value in enumerate(body[:-1]):
            self.flash[offset + at] &= value ^ (0x55 if wrong and at == 7 else 0)
        if not wrong and number not in self._lost_acks:
            self.send(bytes([ACK]))

    def _erase(self) -> Generator[None, int, None]:
        count = int.from_bytes((yield from _take(2)), "big") + 1
        numbers = yield from _take(2 * count)
        checksum = yield
        if functools.reduce(operator.xor, (count - 1).to_bytes(2, "big") + numbers, checksum):
            self.send(bytes([NACK]))
            return
        for at in range(0, len(numbers), 2):
            number = int.from_bytes(numbers[at : at + 2], "big")
            sector = next(sector for sector in self._board.sectors if sector.number == number)
            start = sector.origin - self._board.flash.origin
            self.flash[start : start + sector.size] = b"\xff" * sector.size
            self.erased.append(number)
            if self._rom_id == 0x91 and number >= 8:
                self._busy_until = time.monotonic() + self._erase_seconds
        self.send(bytes([ACK]))

    def _go(self) -> Generator[None, int, None]:
        offset = yield from self._address()
        if offset is not None:
            self.started_at = offset + self._board.flash.origin
            self._started.set()


def _take(count: int) -> Generator[None, int, bytes]:
    data = bytearray()
    while len(data) < count:
        data.append((yield))
    return bytes(data)


def _ignore() -> Generator[None, int, None]:
    while True:
        yield
