"""The header in C is the host's; the check of a whole image takes few instructions."""

from __future__ import annotations

import ctypes
import dataclasses
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.memory_map import board_header
from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, LENGTH, ImageHeader
from edgel3_deploy.image.layout import flash_layout
from tests.firmware.host.compile import compile_firmware
from tests.firmware.kernels.target import run_cases

EMPTY, DAMAGED, OTHER_BOARD, WHOLE = range(4)
ORIGIN, CAPACITY = 0x0800_1000, 0x8000
SIZE = 40_000
MOST_A_BYTE = 10.6


@pytest.fixture(scope="module")
def library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    output = tmp_path_factory.mktemp("boot") / "boot.so"
    (session := output.parent / "session.c").write_text('#include "link/session.h"\n')
    compile_firmware(host_gcc, repository, output, [session], "-shared", "-fPIC", slots=1)
    return ctypes.CDLL(str(output))


def header(**changes: Any) -> ImageHeader:
    whole = ImageHeader(ORIGIN, 100, crc=1, version=2, sequence=3, board="host", build_id=bytes(range(32)))
    return dataclasses.replace(whole, **changes)


def check(library: ctypes.CDLL, data: bytes) -> int:
    judged: int = library.image_header_check(data, ORIGIN, CAPACITY)
    return judged


words = st.integers(0, 2**32 - 1)
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(crc=words, version=words, sequence=words, build_id=st.binary(min_size=32, max_size=32))
def test_what_the_host_packs_is_whole(
    library: ctypes.CDLL, crc: int, version: int, sequence: int, build_id: bytes
) -> None:
    packed = header(crc=crc, version=version, sequence=sequence, build_id=build_id).pack()
    assert check(library, packed) == WHOLE


@many
@given(position=st.integers(0, LENGTH - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(library: ctypes.CDLL, position: int, bit: int) -> None:
    damaged = bytearray(header().pack())
    damaged[position] ^= 1 << bit
    assert check(library, bytes(damaged)) == DAMAGED


@pytest.mark.parametrize("value", [b"\xff", b"\0"])
def test_erased_and_cleared_headers_are_empty(library: ctypes.CDLL, value: bytes) -> None:
    assert check(library, value * LENGTH) == EMPTY


@pytest.mark.parametrize("board", ["other", "hos", "host2"])
def test_the_board_s_name_is_compared_whole(library: ctypes.CDLL, board: str) -> None:
    assert check(library, header(board=board).pack()) == OTHER_BOARD


@pytest.mark.parametrize(
    "changes",
    [{"origin": ORIGIN + 0x1000}, {"size": CAPACITY - IMAGE_HEADER_SIZE + 1}, {"size": 0xF000_0000}],
)
def test_an_image_elsewhere_or_too_large_is_damage(library: ctypes.CDLL, changes: dict[str, int]) -> None:
    assert check(library, header(**changes).pack()) == DAMAGED


def test_an_image_that_fills_the_slot_is_whole(library: ctypes.CDLL) -> None:
    assert check(library, header(size=CAPACITY - IMAGE_HEADER_SIZE).pack()) == WHOLE


def test_the_check_of_an_image_takes_few_instructions_a_byte(
    arm_gcc: Path, qemu: Path, repository: Path, tmp_path: Path
) -> None:
    """600 KB then take less than 0.1 s at 216 MHz, at three cycles an instruction."""
    board = load_board("stm32f7")
    (tmp_path / "board.h").write_bytes(board_header(board, flash_layout(board, 1)))
    sources = ("boot/image_header.c", "link/crc32.c", "drivers/flash_stm32f7.c")
    cases = '#include "cases.h"\n' + "".join(f'#include "{repository}/firmware/{name}"\n' for name in sources)
    cases += f"""
void watchdog_feed(void) {{ }}
static const uint8_t image[{SIZE}] __attribute__((aligned(4))) = {{1, 2, 3}};
static uint32_t crc;
static void run(void) {{ image_crc((uint32_t)(uintptr_t)image, sizeof image, &crc); }}
const case_t cases[] = {{{{"check", run, (int8_t *)&crc, sizeof crc}}}};
const uint32_t case_count = 1;
"""
    flags = ["-Os", f"-I{tmp_path}", f"-I{repository}/firmware"]
    _, instructions, crc = run_cases(arm_gcc, qemu, tmp_path, cases, flags)[0].split()
    assert int.from_bytes(bytes.fromhex(crc), "little") == zlib.crc32(bytes([1, 2, 3]).ljust(SIZE, b"\0"))
    assert 8 * SIZE < int(instructions) <= MOST_A_BYTE * SIZE
    assert MOST_A_BYTE * 600 * 1024 * 3 / 216e6 < 0.1
