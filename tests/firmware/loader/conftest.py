"""The loader compiled for the host, over flash that can lose power."""

from __future__ import annotations

import ctypes
import dataclasses
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.image.header import IMAGE_HEADER_SIZE, header_for
from edgel3_deploy.link.codec import Value
from edgel3_deploy.link.protocol import MAX_CHUNK, ResetCause, Role
from tests.firmware.host.compile import compile_firmware
from tests.firmware.link.conftest import Firmware

HERE = Path(__file__).resolve().parent
ORIGIN, SECTOR = 0x0800_0000, 4096
SLOTS = {
    1: ((ORIGIN + SECTOR, 8 * SECTOR),),
    2: ((ORIGIN + SECTOR, 4 * SECTOR), (ORIGIN + 5 * SECTOR, 4 * SECTOR)),
}
FLASH_SIZE = 11 * SECTOR
SETTINGS = ORIGIN + 9 * SECTOR
BOOTLOADER_REQUEST = 0xB007_1DE5
BEGUN, HEALTHY, FAULTED = 1, 2, 3
BOOT = 3


class Refused(Exception):  # noqa: N818 - an answer
    """The loader refused a request: code and detail."""

    def __init__(self, code: int, detail: int) -> None:
        super().__init__(f"code {code}, detail {detail:#x}")
        self.code, self.detail = code, detail


class Board(Firmware):
    """A board with the loader in this process: its flash, its resets, its port."""

    role = Role.LOADER

    def __init__(self, library: Path, slots: int) -> None:
        super().__init__(library)
        self.slots = SLOTS[slots]
        self.flash = (ctypes.c_uint8 * FLASH_SIZE).in_dll(self.library, "host_flash")
        self.erase_all()

    def erase_all(self, *, ecc: bool = False) -> None:
        """As delivered: nothing in flash, anything in RAM."""
        self.library.host_forget()
        ctypes.c_bool.in_dll(self.library, "host_has_ecc").value = ecc

    def reset(self, cause: ResetCause = ResetCause.POWER_ON) -> int | None:
        """Reset the chip; the slot whose application the loader starts, None if it waits."""
        ctypes.c_bool.in_dll(self.library, "host_is_off").value = False
        self._word("host_operations_left").value = 0
        started: int = self.library.harness_reset(int(cause))
        self.start()
        if started >= 0:
            return started
        self.greet()
        return None

    def to_loader(self) -> None:
        """What the application does when it is told to enter the bootloader."""
        self.library.mailbox_set_request(BOOTLOADER_REQUEST)
        assert self.reset(ResetCause.SOFTWARE) is None

    def cut_power_after(self, operations: int, seed: int) -> None:
        """The flash operation of that number, from 1, is torn, and none follows."""
        self._word("host_operations_left").value = operations
        self._word("host_seed").value = seed

    @property
    def is_off(self) -> bool:
        return bool(ctypes.c_bool.in_dll(self.library, "host_is_off").value)

    @property
    def loader_changes(self) -> int:
        """Bytes of the loader's own sector that were erased or programmed."""
        return self._word("host_loader_changes").value

    def request(self, name: str, **values: Value) -> dict[str, Value]:
        """A request's reply; Refused if it is an error."""
        kind, answer = self.ask(name, **values)
        if kind == "error":
            raise Refused(int(str(answer["code"])), int(str(answer["detail"])))
        return answer

    def begin(self, image: bytes, slot: int = 0, **changes: Value) -> int:
        """Announce `image`; how many sectors are to be erased."""
        values: dict[str, Value] = {
            "slot": slot,
            "flags": 0,
            "origin": self.slots[slot][0],
            "size": len(image),
            "crc": zlib.crc32(image),
            "version": 1,
            "build_id": bytes(32),
            "board": "host",
        }
        return int(str(self.request("begin_update", **{**values, **changes})["sectors"]))

    def update(self, image: bytes, slot: int = 0, **changes: Value) -> None:
        """A whole update, as the host does it."""
        for sector in range(self.begin(image, slot, **changes)):
            self.request("erase", sector=sector)
        self.write(image)
        self.request("verify")

    def write(self, image: bytes) -> None:
        """The announced image in chunks, the last one padded."""
        padded = image + b"\xff" * (-len(image) % 32)
        for offset in range(0, len(padded), MAX_CHUNK):
            chunk = padded[offset : offset + MAX_CHUNK]
            self.request("write", offset=IMAGE_HEADER_SIZE + offset, data=chunk)

    def place(self, address: int, data: bytes) -> None:
        """What a debug probe programs."""
        start = address - ORIGIN
        self.flash[start : start + len(data)] = list(data)

    def place_image(self, image: bytes, slot: int = 0, **changes: Any) -> None:
        """An application as a debug probe programs it: header and image."""
        origin = self.slots[slot][0]
        header = header_for(image, origin=origin, board="host", build_id=bytes(32))
        self.place(origin, dataclasses.replace(header, **changes).pack())
        self.place(origin + IMAGE_HEADER_SIZE, image)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.flash[address - ORIGIN : address - ORIGIN + size])

    def _word(self, name: str) -> ctypes.c_uint32:
        return ctypes.c_uint32.in_dll(self.library, name)


@pytest.fixture(scope="session")
def loader_library(
    host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Path]:
    """A function from the number of slots to the loader's library."""
    built: dict[int, Path] = {}

    def library(slots: int) -> Path:
        if slots not in built:
            loader = repository / "firmware" / "loader"
            sources = [loader / name for name in ("requests.c", "start.c", "update.c")]
            output = tmp_path_factory.mktemp(f"loader{slots}") / "loader.so"
            sanitized = ("-shared", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all")
            built[slots] = compile_firmware(
                host_gcc, repository, output, [*sources, HERE / "harness.c"], *sanitized, slots=slots
            )
        return built[slots]

    return library


@pytest.fixture
def one(loader_library: Callable[[int], Path]) -> Board:
    """A board of one slot, as delivered."""
    return Board(loader_library(1), 1)


@pytest.fixture
def two(loader_library: Callable[[int], Path]) -> Board:
    """A board of two slots, as delivered."""
    return Board(loader_library(2), 2)
