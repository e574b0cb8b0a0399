"""binutils reads back what was written; records are as Intel's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.image.hexfile import to_hex


def test_records_are_intels() -> None:
    assert to_hex([(0x0800_FFFE, b"\x01\x02\x03")]).decode().splitlines() == [
        ":020000040800F2",
        ":02FFFE000102FE",
        ":020000040801F1",
        ":0100000003FC",
        ":00000001FF",
    ]


@given(st.lists(st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=70)), min_size=1, max_size=4))
def test_every_byte_stands_once_at_its_address(parts: list[tuple[int, bytes]]) -> None:
    placed, address = [], 0x0800_FF80
    for gap, content in parts:
        placed.append((address + gap, content))
        address += gap + len(content)
    expected = {start + i: byte for start, content in placed for i, byte in enumerate(content)}
    assert _read(to_hex(placed)) == expected


def _read(text: bytes) -> dict[int, int]:
    upper = 0
    found: dict[int, int] = {}
    for line in text.decode().split():
        record = bytes.fromhex(line[1:])
        assert sum(record) % 256 == 0
        length, address, kind, content = (
            record[0],
            int.from_bytes(record[1:3], "big"),
            record[3],
            record[4:-1],
        )
        assert length == len(content)
        if kind == 4:
            upper = int.from_bytes(content, "big") << 16
        elif kind == 0:
            assert address + length <= 1 << 16
            assert not found.keys() & {upper + address + i for i in range(length)}
            found.update({upper + address + i: byte for i, byte in enumerate(content)})
    return found


def test_objcopy_reads_it(arm_gcc: Path, tmp_path: Path) -> None:
    objcopy = shutil.which("arm-none-eabi-objcopy")
    if objcopy is None:
        pytest.skip("arm-none-eabi-objcopy is not installed")
    (tmp_path / "a.hex").write_bytes(to_hex([(0x0800_0000, b"loader"), (0x0801_0010, bytes(range(100)))]))
    command = [objcopy, "-I", "ihex", "-O", "binary", "--gap-fill", "0xff", "a.hex", "a.bin"]
    subprocess.run(command, cwd=tmp_path, check=True)
    content = b"loader".ljust(0x1_0010, b"\xff") + bytes(range(100))
    assert (tmp_path / "a.bin").read_bytes() == content
