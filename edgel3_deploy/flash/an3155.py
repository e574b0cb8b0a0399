"""The STM32 ROM bootloader's serial protocol (ST application note AN3155), host side.

8 data bits, even parity, 1 stop bit. A command is its code and the code's complement; addresses are 4 bytes,
most significant first, followed by their XOR.
"""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable
from typing import TypeVar

from edgel3_deploy.errors import FlashError
from edgel3_deploy.link.port import Port

ACK = 0x79
NACK = 0x1F
SYNC = 0x7F
GET = 0x00
GET_ID = 0x02
READ_MEMORY = 0x11
GO = 0x21
WRITE_MEMORY = 0x31
EXTENDED_ERASE = 0x44
MAX_BLOCK = 256
_ID_SIZE = 2

_REPLY_SECONDS = 2.0
_SYNC_SECONDS = 0.25
_SHORT_SECONDS = 0.5
_DRAIN_SECONDS = 2.0
_ERASE_SECONDS = 60.0
"""Twice what AN3155 gives the slowest erase."""
_GLITCH = 3
_ATTEMPTS = 3
# Completes a block of any length that the bootloader still waits for, and is never a valid one: wherever in
# a Write Memory command it starts, count, data and checksum do not XOR to 0, nor do address and checksum.
_FILLER = b"\x7d" + b"\x7e" * (MAX_BLOCK + 1)
_COMMAND_NAMES = {
    GET: "Get",
    GET_ID: "Get ID",
    READ_MEMORY: "Read Memory",
    GO: "Go",
    WRITE_MEMORY: "Write Memory",
    EXTENDED_ERASE: "Extended Erase",
}

T = TypeVar("T")


class _NoReplyError(FlashError):
    """The bootloader stayed silent, or sent what is no reply: the two of them are out of step."""


class _NackError(FlashError):
    """The bootloader received something that it refuses, such as a wrong checksum."""


class BlockDamagedError(FlashError):
    """A block arrived damaged and was programmed: its sector has to be erased before it is sent again."""


class Bootloader:
    """A conversation over an open port. All methods raise FlashError.

    `noise` is what came last where a reply to the first byte was due; empty if nothing did.
    """

    def __init__(self, port: Port) -> None:
        self._port = port
        self.noise = b""

    def answers(self) -> bool:
        """Whether a bootloader acknowledges or refuses the byte that sets its baud rate.

        A bootloader that knows its rate takes two of them for a command with a wrong complement: NACK.
        """
        self._port.discard_input()
        self.noise = b""
        tries = 2
        while tries:
            tries -= 1
            self._port.write(bytes([SYNC]))
            answer = self._port.read(_SYNC_SECONDS)
            if not answer:
                continue
            if set(answer) <= {ACK, NACK}:
                return True
            glitched = not self.noise
            self.noise = answer + self._drain(_SHORT_SECONDS)
            # The line's glitch when it was opened, before a reply: ask again.
            if not glitched or len(self.noise) > _GLITCH or self.noise[-1] not in (ACK, NACK):
                return False
            tries = 2
        return False

    def synchronize(self) -> bool:
        """Make the bootloader listen for a command, even if it was left in the middle of one.

        False if nothing answers as a bootloader does. Not for a chip that restarts just now: any byte but
        0x7F makes its bootloader settle on a wrong baud rate until the next reset (AN2606).
        """
        if self.answers():
            return True
        if self.noise:
            return False
        self._port.write(_FILLER)
        self._drain()
        return self.answers()

    def _drain(self, seconds: float = _DRAIN_SECONDS) -> bytes:
        """Read until the line is quiet, for a bounded time: some devices never stop sending."""
        deadline = time.monotonic() + seconds
        drained = b""
        while (data := self._port.read(_SYNC_SECONDS)) and time.monotonic() < deadline:
            drained += data
        return drained

    def commands(self) -> frozenset[int]:
        """Codes of the commands that this bootloader supports (Get).

        Version 9.0 of the STM32H74x announces 13 commands and has 11 (AN2606): what comes is what counts.
        """
        return frozenset(self._read_list(GET, lambda body: body[1:2] == bytes([GET]))[1:])

    def device_id(self) -> int:
        """Product id, such as 0x451 (Get ID)."""
        return int.from_bytes(self._read_list(GET_ID, lambda body: len(body) == _ID_SIZE), "big")

    def erase(self, sector: int) -> None:
        """Erase one sector by its number (Extended Erase); takes up to some seconds on the chip."""
        body = (0).to_bytes(2, "big") + sector.to_bytes(2, "big")

        def attempt() -> None:
            self._command(EXTENDED_ERASE)
            self._port.write(body + _xor(body))
            self._expect_ack(f"erasing sector {sector}", _ERASE_SECONDS, refused=_PROTECTED)

        def recover() -> bool:
            # Where a list of sectors is due, what synchronizes is the length of a very long one.
            self._port.write(body + bytes([_xor(body)[0] ^ 0xFF]))
            self._drain()
            return self.synchronize()

        self._repeated(attempt, recover)

    def write(self, address: int, data: bytes) -> None:
        """Program 1 to 256 bytes of erased flash (Write Memory).

        After a refused or lost block the flash is read before anything is sent again: a flash word of the
        STM32H7 takes one programming per erase. Raises BlockDamagedError if it is neither erased nor right.
        """
        body = bytes([len(data) - 1]) + data

        def attempt() -> None:
            self._command(WRITE_MEMORY)
            self._send_address(address)
            self._port.write(body + _xor(body))
            self._expect_ack(f"writing at 0x{address:08x}")

        for number in range(_ATTEMPTS):
            try:
                return attempt()
            except (_NackError, _NoReplyError):
                if not self.synchronize():
                    raise
                found = self.read(address, len(data))
                if found == data:
                    return None
                if found.strip(b"\xff"):
                    raise BlockDamagedError(
                        f"the block at 0x{address:08x} arrived damaged on {self._port.path}", _AGAIN
                    ) from None
                if number + 1 == _ATTEMPTS:
                    raise
        return None

    def read(self, address: int, count: int) -> bytes:
        """Read 1 to 256 bytes (Read Memory); repeated if bytes were lost."""

        def attempt() -> bytes:
            self._command(READ_MEMORY)
            self._send_address(address)
            self._port.write(bytes([count - 1, 0xFF ^ (count - 1)]))
            self._expect_ack(f"reading at 0x{address:08x}")
            data = self._port.read_exactly(count, _REPLY_SECONDS)
            if len(data) < count:
                raise self._no_reply(f"reading at 0x{address:08x}")
            return data

        return self._repeated(attempt)

    def go(self, address: int) -> bool:
        """Start the image whose vector table is at `address` (Go); ends the conversation.

        False if the bootloader did not acknowledge: version 9.0 of the STM32H74x starts the image all the
        same, 13.2 does not (AN2606).
        """
        self._port.write(bytes([GO, 0xFF ^ GO]))
        first = self._port.read_exactly(1, _SHORT_SECONDS)
        if first[:1] == bytes([NACK]):
            raise self._refusal(GO)
        body = address.to_bytes(4, "big")
        self._port.write(body + _xor(body))
        second = self._port.read_exactly(1, _SHORT_SECONDS)
        if second[:1] == bytes([NACK]):
            raise _NackError(f"the bootloader on {self._port.path} refuses to start 0x{address:08x}", _AGAIN)
        return first + second == bytes([ACK, ACK])

    def _read_list(self, code: int, is_one: Callable[[bytes], bool]) -> bytes:
        """What the command lists; asked again if bytes were lost or added, which `is_one` shows."""

        def attempt() -> bytes:
            self._command(code)
            name = _COMMAND_NAMES[code]
            length = self._port.read_exactly(1, _REPLY_SECONDS)
            if not length:
                raise self._no_reply(name)
            data = self._port.read_exactly(length[0] + 2, _SHORT_SECONDS)
            if len(data) < 2 or data[-1] != ACK or not is_one(data[:-1]):
                raise self._no_reply(name)
            return data[:-1]

        return self._repeated(attempt)

    def _command(self, code: int) -> None:
        self._port.write(bytes([code, 0xFF ^ code]))
        try:
            self._expect_ack(_COMMAND_NAMES[code])
        except _NackError as error:
            raise self._refusal(code) from error

    def _refusal(self, code: int) -> FlashError:
        refused = f"the bootloader on {self._port.path} refuses {_COMMAND_NAMES[code]}"
        if code in (GET, GET_ID):
            # No protection forbids these (AN3155).
            return _NackError(refused, f"What answers may be no bootloader. {_AGAIN}")
        return _NackError(refused, _PROTECTED)

    def _send_address(self, address: int) -> None:
        body = address.to_bytes(4, "big")
        self._port.write(body + _xor(body))
        self._expect_ack(f"address 0x{address:08x}")

    def _expect_ack(self, what: str, timeout: float = _REPLY_SECONDS, *, refused: str = "") -> None:
        answer = self._port.read_exactly(1, timeout)
        if not answer:
            raise self._no_reply(what)
        if answer[0] == NACK:
            raise _NackError(f"the bootloader on {self._port.path} refuses: {what}", refused or _AGAIN)
        if answer[0] != ACK:
            raise _NoReplyError(
                f"the bootloader on {self._port.path} answers 0x{answer[0]:02x}, which is no reply: {what}",
                _AGAIN,
            )

    def _no_reply(self, what: str) -> FlashError:
        return _NoReplyError(f"the bootloader on {self._port.path} stopped answering: {what}", _AGAIN)

    def _repeated(self, attempt: Callable[[], T], recover: Callable[[], bool] | None = None) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt()
            except (_NackError, _NoReplyError):
                if not (recover or self.synchronize)():
                    raise
        return attempt()


_PROTECTED = (
    "The chip may be read- or write-protected: lift the protection with an ST-LINK (STM32CubeProgrammer, "
    "which erases the chip), then flash again."
)
_AGAIN = "Reset the board into its ROM bootloader again, then flash again."


def _xor(data: bytes) -> bytes:
    return bytes([functools.reduce(operator.xor, data)])
