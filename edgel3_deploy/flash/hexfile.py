"""Read Intel HEX files. Records: 00 data, 01 end, 02 and 04 address; 03 and 05, the entry, are not used."""

from __future__ import annotations

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.flash.base import Part

_DATA, _END, _SEGMENT, _START_SEGMENT, _UPPER, _START = range(6)
_SHIFTS = {_SEGMENT: 4, _UPPER: 16}
_OVERHEAD = 5


def read_hex(content: bytes, name: str) -> tuple[Part, ...]:
    """The file's bytes as ascending parts, adjoining records joined.

    Raises BadInputError, naming the line, for a damaged record, and for bytes given twice.
    """
    pieces: list[tuple[int, bytes]] = []
    base = 0
    for number, line in enumerate(content.split(), 1):
        kind, address, data = _record(line, f"{name}: line {number}")
        if kind == _END:
            return _joined(pieces, name)
        if kind == _DATA:
            pieces.append((base + address, data))
        elif kind in _SHIFTS:
            base = int.from_bytes(data, "big") << _SHIFTS[kind]
    raise BadInputError(f"{name}: the last record is missing", "Build again with `edgel3-deploy build`.")


def _record(line: bytes, where: str) -> tuple[int, int, bytes]:
    try:
        record = bytes.fromhex(line[1:].decode("ascii"))
    except ValueError:
        record = b""
    intact = line[:1] == b":" and len(record) >= _OVERHEAD and len(record) == record[0] + _OVERHEAD
    if not intact or sum(record) & 0xFF or record[3] > _START:
        raise BadInputError(f"{where} is no Intel HEX record", "Build again with `edgel3-deploy build`.")
    if record[3] in _SHIFTS and record[0] != 2:
        raise BadInputError(f"{where} has no address", "Build again with `edgel3-deploy build`.")
    return record[3], int.from_bytes(record[1:3], "big"), record[4:-1]


def _joined(pieces: list[tuple[int, bytes]], name: str) -> tuple[Part, ...]:
    runs: list[tuple[int, bytearray]] = []
    for address, data in sorted(pieces):
        end = runs[-1][0] + len(runs[-1][1]) if runs else -1
        if address < end:
            raise BadInputError(f"{name}: the bytes at 0x{address:08x} are given twice", "Build again.")
        if address == end:
            runs[-1][1].extend(data)
        else:
            runs.append((address, bytearray(data)))
    return tuple(Part(origin, bytes(data)) for origin, data in runs)
