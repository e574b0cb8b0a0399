"""The STM32 ROM bootloader's serial protocol (ST application note AN3155), host side.

8 data bits, even parity, 1 stop bit. A command is its code and the code's complement; addresses are 4 bytes,
most significant first, followed by their XOR.
"""

from __future__ import annotations

import functools
import operator
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

_REPLY_SECONDS = 2.0
_SYNC_SECONDS = 0.25
_ERASE_SECONDS = 30.0
_ATTEMPTS = 3
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
    """The bootloader stayed silent."""


class _NackError(FlashError):
    """The bootloader received something that it refuses, such as a wrong checksum."""


class Bootloader:
    """A synchronized conversation over an open port. All methods raise FlashError."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def synchronize(self) -> bool:
        """Make the bootloader listen for a command; False if nothing answers as a bootloader does.

        The first 0x7F sets its baud rate. If it was synchronized before, two of them are a command with a
        wrong complement, hence NACK. If it was left in the middle of a block, a block's worth completes that.
        """
        self._port.discard_input()
        if self._answers_sync():
            return True
        self._port.write(bytes([SYNC]) * (MAX_BLOCK + 2))
        while self._port.read(_SYNC_SECONDS):
            pass
        return self._answers_sync()

    def commands(self) -> frozenset[int]:
        """Codes of the commands that this bootloader supports (Get)."""
        return frozenset(self._read_list(GET)[1:])

    def device_id(self) -> int:
        """Product id, such as 0x451 (Get ID)."""
        return int.from_bytes(self._read_list(GET_ID), "big")

    def erase(self, sector: int) -> None:
        """Erase one sector by its number (Extended Erase); takes up to some seconds on the chip."""
        self._command(EXTENDED_ERASE)
        body = (0).to_bytes(2, "big") + sector.to_bytes(2, "big")
        self._port.write(body + _xor(body))
        self._expect_ack(f"erasing sector {sector}", _ERASE_SECONDS)

    def write(self, address: int, data: bytes) -> None:
        """Program 1 to 256 bytes of erased flash (Write Memory); repeated if the block arrived damaged."""

        def attempt() -> None:
            self._command(WRITE_MEMORY)
            self._send_address(address)
            body = bytes([len(data) - 1]) + data
            self._port.write(body + _xor(body))
            self._expect_ack(f"writing at 0x{address:08x}")

        self._repeated(attempt)

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

    def go(self, address: int) -> None:
        """Start the image whose vector table is at `address` (Go); ends the conversation."""
        self._command(GO)
        self._send_address(address)

    def _answers_sync(self) -> bool:
        for _ in range(2):
            self._port.write(bytes([SYNC]))
            answer = self._port.read_exactly(1, _SYNC_SECONDS)
            if answer:
                return answer[0] in (ACK, NACK)
        return False

    def _read_list(self, code: int) -> bytes:
        def attempt() -> bytes:
            self._command(code)
            name = _COMMAND_NAMES[code]
            length = self._port.read_exactly(1, _REPLY_SECONDS)
            data = self._port.read_exactly(length[0] + 1, _REPLY_SECONDS) if length else b""
            if not length or len(data) <= length[0]:
                raise self._no_reply(name)
            self._expect_ack(name)
            return data

        return self._repeated(attempt)

    def _command(self, code: int) -> None:
        self._port.write(bytes([code, 0xFF ^ code]))
        try:
            self._expect_ack(_COMMAND_NAMES[code])
        except _NackError as error:
            raise _NackError(
                f"the bootloader on {self._port.path} refuses {_COMMAND_NAMES[code]}",
                "The chip may be read- or write-protected: lift the protection with an ST-LINK "
                "(STM32CubeProgrammer, which erases the chip), then flash again.",
            ) from error

    def _send_address(self, address: int) -> None:
        body = address.to_bytes(4, "big")
        self._port.write(body + _xor(body))
        self._expect_ack(f"address 0x{address:08x}")

    def _expect_ack(self, what: str, timeout: float = _REPLY_SECONDS) -> None:
        answer = self._port.read_exactly(1, timeout)
        if not answer:
            raise self._no_reply(what)
        if answer[0] == NACK:
            raise _NackError(f"the bootloader on {self._port.path} refuses: {what}", _AGAIN)
        if answer[0] != ACK:
            raise FlashError(
                f"the bootloader on {self._port.path} answers 0x{answer[0]:02x}, which is no reply: {what}",
                _AGAIN,
            )

    def _no_reply(self, what: str) -> FlashError:
        return _NoReplyError(f"the bootloader on {self._port.path} stopped answering: {what}", _AGAIN)

    def _repeated(self, attempt: Callable[[], T]) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return attempt()
            except (_NackError, _NoReplyError):
                if not self.synchronize():
                    raise
        return attempt()


_AGAIN = "Set BOOT0 high, reset the board, and flash again."


def _xor(data: bytes) -> bytes:
    return bytes([functools.reduce(operator.xor, data)])
