"""The firmware's CRC-32 is zlib's."""

from __future__ import annotations

import ctypes
import zlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.firmware.link.conftest import Firmware


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.binary(max_size=50), second=st.binary(max_size=50))
def test_it_is_zlib_s_and_continues(firmware: Firmware, first: bytes, second: bytes) -> None:
    update = firmware.library.crc32_update
    update.restype = ctypes.c_uint32
    crc = update(ctypes.c_uint32(0), first, len(first))
    assert crc == zlib.crc32(first)
    assert update(ctypes.c_uint32(crc), second, len(second)) == zlib.crc32(first + second)
