"""Intel HEX: bytes with their addresses as text, which every programming tool reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_DATA, _END, _UPPER_ADDRESS = 0, 1, 4
_BYTES_A_LINE = 16
_BANK = 1 << 16


def to_hex(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """The file for `parts`, pairs of address and content, which must not overlap; gaps are not written."""
    lines: list[bytes] = []
    upper = 0
    for start, content in sorted(parts):
        for address, piece in _pieces(start, content):
            if address // _BANK != upper:
                upper = address // _BANK
                lines.append(_record(_UPPER_ADDRESS, 0, upper.to_bytes(2, "big")))
            lines.append(_record(_DATA, address % _BANK, piece))
    return b"".join([*lines, _record(_END, 0, b"")])


def _pieces(start: int, content: bytes) -> Iterator[tuple[int, bytes]]:
    """`content` in lines, none of which crosses a multiple of its length: so none crosses a bank."""
    offset = 0
    while offset < len(content):
        address = start + offset
        length = _BYTES_A_LINE - address % _BYTES_A_LINE
        yield address, content[offset : offset + length]
        offset += length


def _record(kind: int, address: int, content: bytes) -> bytes:
    body = bytes((len(content), *address.to_bytes(2, "big"), kind)) + content
    return b":%s\n" % (body + bytes((-sum(body) & 0xFF,))).hex().upper().encode()
