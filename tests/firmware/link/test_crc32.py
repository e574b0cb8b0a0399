"""The firmware's CRC-32 is zlib's."""

from __future__ import annotations

import ctypes
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.firmware.kernels.target import run_cases
from tests.firmware.link.conftest import Firmware

SIZE = 40_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.binary(max_size=50), second=st.binary(max_size=50))
def test_it_is_zlib_s_and_continues(firmware: Firmware, first: bytes, second: bytes) -> None:
    update = firmware.library.crc32_update
    update.restype = ctypes.c_uint32
    crc = update(ctypes.c_uint32(0), first, len(first))
    assert crc == zlib.crc32(first)
    assert update(ctypes.c_uint32(crc), second, len(second)) == zlib.crc32(first + second)


@pytest.mark.parametrize(("optimize", "most"), [("-Os", 8), ("-O2", 7)])
def test_it_takes_few_instructions_a_byte(
    arm_gcc: Path, qemu: Path, repository: Path, tmp_path: Path, optimize: str, most: int
) -> None:
    cases = f"""#include "cases.h"
#include "{repository}/firmware/link/crc32.c"
static const uint8_t data[{SIZE}] = {{1, 2, 3}};
static uint32_t crc;
static void run(void) {{ crc = crc32_update(0, data, sizeof data); }}
const case_t cases[] = {{{{"crc", run, (int8_t *)&crc, sizeof crc}}}};
const uint32_t case_count = 1;
"""
    line = run_cases(arm_gcc, qemu, tmp_path, cases, [optimize])[0]
    _, instructions, crc = line.split()
    assert int.from_bytes(bytes.fromhex(crc), "little") == zlib.crc32(bytes([1, 2, 3]).ljust(SIZE, b"\0"))
    assert (most - 1) * SIZE < int(instructions) <= most * SIZE + 100
