from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards.load import load_board
from edgel3_deploy.emulate.image import load_image, require_elf
from edgel3_deploy.errors import BadInputError
from tests.emulate.conftest import Build

FLASH = load_board("stm32f7").flash


def test_a_raw_image_starts_where_the_flash_does(tmp_path: Path) -> None:
    image = tmp_path / "a.bin"
    image.write_bytes(b"\1\2\3")
    assert load_image(image, FLASH) == ((FLASH.origin, b"\1\2\3"),)


def test_an_elf_gives_its_load_segments(monitor: Build, raw_image: Path) -> None:
    cells = bytearray(b"\x00" * raw_image.stat().st_size)
    for address, data in load_image(monitor("f7"), FLASH):
        cells[address - FLASH.origin : address - FLASH.origin + len(data)] = data
    assert cells == raw_image.read_bytes()


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [
        (None, "cannot read image"),
        (b"", "has nothing to put into flash"),
        (bytes(FLASH.size + 1), "outside this board's flash"),
        (b"\x7fELF", "is a damaged ELF file"),
    ],
)
def test_unusable_images_are_refused_by_path(tmp_path: Path, contents: bytes | None, complaint: str) -> None:
    image = tmp_path / "image"
    if contents is not None:
        image.write_bytes(contents)
    with pytest.raises(BadInputError, match=complaint) as caught:
        load_image(image, FLASH)
    assert str(image) in caught.value.message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_elf_files_are_refused_or_read(monitor: Build, tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(monitor("f7").read_bytes())
    for place in data.draw(st.lists(st.integers(4, 200), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    image = tmp_path / "damaged.elf"
    image.write_bytes(bytes(damaged[: data.draw(st.integers(4, len(damaged)))]))
    try:
        pieces = load_image(image, FLASH)
    except BadInputError:
        return
    assert all(FLASH.origin <= address and address + len(piece) <= FLASH.end for address, piece in pieces)


def test_qemu_takes_elf_files_only(tmp_path: Path, raw_image: Path, monitor: Build) -> None:
    assert require_elf(monitor("mps2")) == monitor("mps2")
    with pytest.raises(BadInputError, match="is no ELF file"):
        require_elf(raw_image)
    foreign = tmp_path / "foreign.elf"
    foreign.write_bytes(Path("/bin/true").read_bytes())
    with pytest.raises(BadInputError, match="is no ELF file for Arm"):
        require_elf(foreign)
