"""The files that are flashed: header and image for a slot, loader and application for a blank board."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from edgel3_deploy.image import pack
from edgel3_deploy.image.header import ImageHeader, ImageHeaderError
from edgel3_deploy.image.pack import pack_application, pack_files

FLASH, FIRST, SECOND = 0x0800_0000, 0x0800_8000, 0x0810_0000
LOADER, IMAGE, TWIN = b"L" * 0x5000, b"image of slot 0", b"image of slot 1, longer"
BUILD_ID = bytes(range(32))


def files(**images: bytes) -> dict[str, bytes]:
    slots = dict(zip((FIRST, SECOND), images.values(), strict=False))
    return pack_files(slots, LOADER, FLASH, board="stm32f7", build_id=BUILD_ID, version=3)


def test_an_application_is_header_gap_and_image() -> None:
    content = pack_application(IMAGE, origin=FIRST, board="stm32f7", build_id=BUILD_ID, version=3)
    header = ImageHeader.parse(content)
    assert header == ImageHeader(FIRST, len(IMAGE), zlib.crc32(IMAGE), 3, 1, "stm32f7", BUILD_ID)
    assert content[128:0x400] == b"\xff" * (0x400 - 128)
    assert content[0x400:] == IMAGE


def test_a_blank_board_gets_loader_and_application() -> None:
    made = files(first=IMAGE)
    assert made.keys() == {"application.bin", "firmware.bin", "firmware.hex"}
    assert made["firmware.bin"] == LOADER.ljust(FIRST - FLASH, b"\xff") + made["application.bin"]


def test_the_header_of_the_second_slot_is_cleared() -> None:
    made = files(first=IMAGE, second=TWIN)
    assert ImageHeader.parse(made["application-1.bin"]).origin == SECOND
    assert made["application-1.bin"].endswith(TWIN)
    content = made["firmware.bin"]
    assert content[SECOND - FLASH :] == bytes(128)
    assert set(content[FIRST - FLASH + len(made["application.bin"]) : SECOND - FLASH]) == {0xFF}


def test_a_loader_that_reaches_into_the_slot_is_refused() -> None:
    with pytest.raises(ImageHeaderError, match=r"loader of 32,769 bytes reaches into the slot at 0x08008000"):
        pack_files({FIRST: IMAGE}, bytes(0x8001), FLASH, board="b", build_id=BUILD_ID, version=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a build has it: the package's own code under tools/, linked bytes, a build id."""
    (tmp_path / "tools" / "image").mkdir(parents=True)
    for name in pack.SHIPPED:
        shutil.copy(Path(pack.__file__).parent / name, tmp_path / "tools" / "image" / name)
    (tmp_path / "loader.bin").write_bytes(LOADER)
    (tmp_path / "zero").write_bytes(IMAGE)
    (tmp_path / "one").write_bytes(TWIN)
    (tmp_path / "build_id.txt").write_text(BUILD_ID.hex() + "\n")
    return tmp_path


def run(folder: Path, *changed: str) -> subprocess.CompletedProcess[str]:
    arguments = ["--board", "stm32f7", "--version", "3", "--build-id", "build_id.txt", "--flash", hex(FLASH)]
    slots = ["--loader", "loader.bin", "--slot", hex(FIRST), "zero", "--slot", hex(SECOND), "one"]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ISOLATED, *arguments, *slots, *changed],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


_ISOLATED = (
    "import sys, runpy; sys.path.insert(0, 'tools'); runpy.run_module('image.pack', run_name='__main__')"
)


def test_the_command_of_the_build_folder_makes_the_same_files(folder: Path) -> None:
    assert run(folder).returncode == 0
    for name, content in files(first=IMAGE, second=TWIN).items():
        assert (folder / name).read_bytes() == content, name


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (("--version", "0x100000000"), "version 4294967296 does not fit 32 bits"),
        (("--loader", "lost.bin"), "lost.bin"),
        (("--build-id", "zero"), "non-hexadecimal"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    folder: Path, changed: tuple[str, ...], problem: str
) -> None:
    result = run(folder, *changed)
    assert result.returncode == 1
    assert result.stderr.startswith("image.pack: ")
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1
