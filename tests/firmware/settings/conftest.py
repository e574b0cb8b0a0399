"""The settings compiled for the host, over flash that can lose power."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from tests.firmware.host.compile import compile_firmware
from tests.firmware.loader.conftest import FLASH_SIZE, ORIGIN, SECTOR, SETTINGS

CHANGED, UNKNOWN_KEY, OUT_OF_RANGE, NOT_STORED = range(4)


class Settings:
    """A board's settings in this process: its flash, its resets, its power."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        self.flash = (ctypes.c_uint8 * FLASH_SIZE).in_dll(self.library, "host_flash")
        self.operations_left = ctypes.c_uint32.in_dll(self.library, "host_operations_left")
        self.seed = ctypes.c_uint32.in_dll(self.library, "host_seed")
        self.is_off = ctypes.c_bool.in_dll(self.library, "host_is_off")
        self.poisoned = (ctypes.c_uint8 * (FLASH_SIZE // 32)).in_dll(self.library, "host_poisoned")

    def deliver(self, *, ecc: bool = False) -> None:
        """As from the factory: nothing in flash."""
        self.library.host_forget()
        ctypes.c_bool.in_dll(self.library, "host_has_ecc").value = ecc
        self.reset()

    def reset(self) -> None:
        """Power is back, and the application starts."""
        self.is_off.value = False
        self.operations_left.value = 0
        self.library.settings_start()

    def cut_power_after(self, operations: int, seed: int) -> None:
        """The flash operation of that number, from 1, is torn, and none follows."""
        self.operations_left.value, self.seed.value = operations, seed

    def __getitem__(self, key: int) -> int:
        return int(self.library.settings_value(key))

    def change(self, key: int, value: int) -> int:
        return int(self.library.settings_change(key, value))

    def place(self, offset: int, data: bytes) -> None:
        """What the settings' sectors hold from `offset` on."""
        start = SETTINGS - ORIGIN + offset
        self.flash[start : start + len(data)] = list(data)

    def sectors(self) -> tuple[bytes, bytes]:
        """What both sectors hold."""
        start = SETTINGS - ORIGIN
        content = bytes(self.flash[start : start + 2 * SECTOR])
        return content[:SECTOR], content[SECTOR:]

    def beside(self) -> bytes:
        """All the flash that is not the settings'."""
        return bytes(self.flash[: SETTINGS - ORIGIN])


@pytest.fixture(scope="session")
def settings_library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = sorted((repository / "firmware" / "settings").glob("*.c"))
    output = tmp_path_factory.mktemp("settings") / "settings.so"
    sanitized = ("-shared", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all")
    return compile_firmware(host_gcc, repository, output, sources, *sanitized, slots=1)


@pytest.fixture
def board(settings_library: Path) -> Settings:
    """A board as delivered."""
    found = Settings(settings_library)
    found.deliver()
    return found
