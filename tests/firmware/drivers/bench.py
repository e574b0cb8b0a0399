"""Firmware functions run on an emulated core with plain memory for the chip's registers; writes are recorded.

Nothing here knows what a register does: a test says what is read, and may answer a write by changing one.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.memory_map import board_header
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.resources import firmware_dir
from tests.firmware.images import COMPILE, CPU, WARNINGS

CODE, CODE_SIZE = 0x1000_0000, 0x1_0000
STACK_TOP = 0x2000_8000
RETURN = CODE + CODE_SIZE - 16
_PAGES = {
    "stm32f7": (
        *range(0x4000_3000, 0x4000_8000, 0x1000),
        *(0x4001_1000, 0x4001_5000, 0x4002_0000, 0x4002_1000, 0x4002_3000, 0x4002_6000),
        *(0xE000_1000, 0xE000_E000),
    ),
    "stm32h7": (
        *range(0x4000_4000, 0x4000_8000, 0x1000),
        *(0x4001_1000, 0x4001_5000, 0x4002_0000, 0x5100_8000, 0x5200_2000, 0x5800_4000),
        *(0x5802_0000, 0x5802_1000, 0x5802_4000, 0x5C00_1000, 0xE000_1000, 0xE000_E000),
    ),
}
_MAX_INSTRUCTIONS = 50_000_000

Answer = Callable[["Bench", int, int], None]


class Bench:
    """One board's driver sources, linked to run from RAM. `writes` holds (address, value) in order."""

    def __init__(
        self, gcc: Path, board: Board, folder: Path, sources: Iterable[str], symbols: dict[str, int]
    ) -> None:
        root = firmware_dir()
        (folder / "board.h").write_bytes(board_header(board, flash_layout(board, 1)))
        elf, binary = folder / "bench.elf", folder / "bench.bin"
        files = [str(root / source) for source in sources]
        place = [f"-Wl,--defsym={name}={value:#x}" for name, value in symbols.items()]
        includes = [f"-I{folder}", f"-I{root}", f"-I{root / 'include'}"]
        link = ["-nostdlib", f"-Wl,-Ttext={CODE:#x}", "-Wl,--entry=0", *place, "-lgcc"]
        subprocess.run([gcc, *CPU, *COMPILE, *WARNINGS, *includes, *files, *link, "-o", elf], check=True)
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, binary], check=True)
        names = subprocess.run(["arm-none-eabi-nm", elf], check=True, capture_output=True, text=True).stdout
        self._functions = {name: int(at, 16) for at, _, name in map(str.split, names.splitlines())}
        self._core = self._power_up(board, binary.read_bytes())
        self.returns_to = RETURN | 1
        self._answer: Answer = lambda *_: None
        self._fixed: dict[int, int] = {}
        self.writes: list[tuple[int, int]] = []

    def _power_up(self, board: Board, code: bytes) -> Any:
        unicorn = pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")
        from unicorn import arm_const

        core = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        core.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M7)
        core.mem_map(CODE, CODE_SIZE)
        core.mem_write(CODE, code)
        core.mem_map(STACK_TOP - 0x8000, 0x8000)
        core.mem_map(board.flash.origin, board.flash.size)
        core.mem_write(board.flash.origin, b"\xff" * board.flash.size)
        for page in _PAGES[board.family]:
            core.mem_map(page, 0x1000)
        core.hook_add(unicorn.UC_HOOK_MEM_WRITE, self._wrote)
        core.hook_add(unicorn.UC_HOOK_MEM_READ, self._reads)
        return core

    def _wrote(self, _core: Any, _kind: int, address: int, _size: int, value: int, _data: Any) -> None:
        if STACK_TOP - 0x8000 <= address < STACK_TOP:
            return
        self.writes.append((address, value & 0xFFFF_FFFF))
        self._answer(self, address, value & 0xFFFF_FFFF)

    def _reads(self, core: Any, _kind: int, address: int, _size: int, _value: int, _data: Any) -> None:
        if address in self._fixed:
            core.mem_write(address, struct.pack("<I", self._fixed[address]))

    def preset(self, address: int, value: int) -> None:
        """Give a register a value, which is read until it is written."""
        self._core.mem_write(address, struct.pack("<I", value))

    def read_as(self, address: int, value: int) -> None:
        """Let a register read as a value, whatever is written to it."""
        self._fixed[address] = value

    def answer(self, answer: Answer) -> None:
        """Call `answer` with this bench, address and value just before each write."""
        self._answer = answer

    def call(self, name: str, *arguments: int, limit: int = _MAX_INSTRUCTIONS) -> int:
        """Run a function with up to four arguments; its result, within `limit` instructions."""
        from unicorn import arm_const

        self.writes.clear()
        for register, argument in enumerate(arguments):
            self._core.reg_write(arm_const.UC_ARM_REG_R0 + register, argument)
        self._core.reg_write(arm_const.UC_ARM_REG_SP, STACK_TOP - 256)
        self._core.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self._core.emu_start(self._functions[name] | 1, RETURN, count=limit)
        assert self._core.reg_read(arm_const.UC_ARM_REG_PC) == RETURN, f"{name} did not return"
        result: int = self._core.reg_read(arm_const.UC_ARM_REG_R0)
        return result

    def put(self, address: int, data: bytes) -> None:
        """Put bytes into memory."""
        self._core.mem_write(address, data)

    def symbol(self, name: str) -> int:
        """Address of a variable."""
        return self._functions[name]

    def words(self, address: int, values: Iterable[int]) -> int:
        """Put words into memory; their address."""
        data = b"".join(struct.pack("<I", value) for value in values)
        self._core.mem_write(address, data)
        return address

    def read_words(self, address: int, count: int) -> list[int]:
        """Words of memory."""
        return list(struct.unpack(f"<{count}I", self._core.mem_read(address, 4 * count)))
