"""Every address, bit and field value in the firmware is the one in the makers' headers."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.codegen.memory_map import board_header
from edgel3_deploy.emulate.stm32.part import USARTS
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.resources import firmware_dir
from tests.firmware.images import CPU
from tests.firmware.registers.vendor_table import Row, rows_of

_DISCO, _NUCLEO = load_board("stm32f7"), load_board("nucleo-f767zi")
BOARDS = [
    _DISCO,
    replace(_DISCO, name="stm32f7-i2s", clock=_NUCLEO.clock, microphone=_NUCLEO.microphone),
    load_board("stm32h7"),
]
"""Both kinds of microphone on the STM32F7, so that the table's UART and LED are the same."""
HEADERS = ("drivers/cortex_m7.h", "drivers/stm32.h", "drivers/stm32f7.h", "drivers/stm32h7.h")
USERS = tuple(
    path.relative_to(firmware_dir()).as_posix()
    for path in sorted((firmware_dir() / "drivers").glob("*.c"))
    if re.search(r'"drivers/(cortex_m7|stm32)\.h"', path.read_text())
)
"""Drivers that touch registers, and may define constants of their own beside the headers."""

NO_FACTS = {
    *("REG32", "JOIN", "BASE_OF", "BUS_OF", "BIT_OF", "ON_APB2", "ENABLE_BIT", "AT2", "LOG2"),
    *("REFERENCE_HZ", "VOS1_CPU_HZ", "BUSY_POLLS", "REQUEST", "ORDER", "AUDIO_REFERENCE_HZ"),
    *("SAI1_A_STREAM", "SLOTS", "SLOT_BITS", "DMA_OF", "STREAM_OF", "REQUEST_OF"),
    *(f"{uart}_RX_{what}" for uart in USARTS for what in ("DMA", "STREAM")),
}
"""Macros that only rename, compute or choose: there is nothing in a chip to compare them with.

Streams are in no header: `drivers/test_uart.py` compares them with the virtual boards' tables.
"""

_LINE = re.compile(r'# \d+ "([^"]*)"')
_DEFINE = re.compile(r"#define (\w+)(\([^)]*\))?(?: (.*))?")


class Constants:
    """The firmware's macros as one board's compiler sees them."""

    def __init__(self, gcc: Path, board: Board, folder: Path) -> None:
        self.board = board
        self._folder = folder
        (folder / "board.h").write_bytes(board_header(board, flash_layout(board, 1)))
        root = firmware_dir()
        self._gcc = [str(gcc), *CPU, "-std=c11", f"-I{folder}", f"-I{root}", f"-I{root / 'include'}"]

    def defined(self, source: str) -> dict[str, str]:
        """Macros with a value that `source` itself, or one of the register headers, defines: body by name."""
        listing = self._run(source, "-E", "-dD", str(firmware_dir() / source)).stdout
        files = {str(firmware_dir() / name) for name in (source, *HEADERS)}
        found: dict[str, str] = {}
        inside = False
        for line in listing.splitlines():
            if marker := _LINE.match(line):
                inside = marker[1] in files
            elif inside and (define := _DEFINE.match(line)) and define[3]:
                found[define[1]] = define[3]
        return found

    def check(self, source: str, rows: Iterable[Row]) -> None:
        """Compile one assertion a row behind `source`; its macros must be defined there."""
        bodies = self.defined(source)
        lines = [f'#include "{source}"']
        for row in rows:
            what = f"(uintptr_t)&{row.macro}" if "REG32(" in bodies[row.name] else row.macro
            lines.append(f'_Static_assert(({what}) == {row.value:#x}u, "{row.macro} is {row.vendor}");')
        file = self._folder / "assertions.c"
        file.write_text("\n".join(lines) + "\n")
        self._run(source, "-fsyntax-only", "-Wno-unused", str(file))

    def _run(self, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*self._gcc, *arguments], capture_output=True, text=True, check=False)
        wrong = [line for line in done.stderr.splitlines() if "error:" in line]
        assert done.returncode == 0, f"{self.board.name}, {source}:\n" + "\n".join(wrong)
        return done


@pytest.fixture(params=BOARDS, ids=lambda board: board.name)
def constants(arm_gcc: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Constants:
    """The firmware's macros on one board for each chip family and kind of microphone."""
    return Constants(arm_gcc, request.param, tmp_path)


@pytest.mark.parametrize("source", USERS)
def test_every_constant_is_in_the_table(constants: Constants, source: str) -> None:
    known = {row.name for row in rows_of(constants.board)}
    missing = sorted(constants.defined(source).keys() - known - NO_FACTS)
    assert not missing, f"add a row for each to {constants.board.family}.csv or cortex_m7.csv"


@pytest.mark.parametrize("source", USERS)
def test_every_constant_is_what_the_table_says(constants: Constants, source: str) -> None:
    defined = constants.defined(source)
    constants.check(source, [row for row in rows_of(constants.board) if row.name in defined])


def test_a_slip_is_found(constants: Constants) -> None:
    """The comparison itself can fail: by a bit, and by a register's address."""
    rows = {row.macro: row for row in rows_of(constants.board)}
    for macro in ("RCC_CR_HSERDY", "RCC_CR", "USART3_BIT", "GPIO_PUPDR(GPIOA)"):
        right = rows[macro]
        constants.check("drivers/uart_stm32.c", [right])
        with pytest.raises(AssertionError, match=re.escape(macro)):
            constants.check("drivers/uart_stm32.c", [Row(macro, right.vendor, right.value + 4)])


def test_numbers_in_assembly_are_in_the_table() -> None:
    """Assembly cannot use the headers: its addresses and masks are the table's."""
    known = {row.value for row in rows_of(load_board("stm32f7"))}
    texts = {path.name: path.read_text() for path in (firmware_dir() / "startup").glob("*.c")}
    used = [
        (name, int(number, 16))
        for name, text in texts.items()
        for number in re.findall(r'"[^"]*[=#](0x[0-9A-Fa-f]{5,8})\b', text)
    ]
    assert used
    assert [(name, hex(number)) for name, number in used if number not in known] == []


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_table_holds_against_the_makers_headers(arm_gcc: Path, board: Board, tmp_path: Path) -> None:
    """EDGEL3_DEPLOY_VENDOR_HEADERS: a folder with CMSIS, and with stm32f7 and stm32h7 (Include, Inc)."""
    folder = Path(os.environ.get("EDGEL3_DEPLOY_VENDOR_HEADERS", ""))
    if not (folder / "CMSIS").is_dir():
        pytest.skip("EDGEL3_DEPLOY_VENDOR_HEADERS names no folder with stm32f7, stm32h7 and CMSIS")
    part = {"stm32f7": "STM32F769xx", "stm32h7": "STM32H743xx"}[board.family]
    includes = [
        folder / board.family / "Include",
        folder / board.family / "Inc",
        folder / "CMSIS/Core/Include",
    ]
    file = tmp_path / "vendor.c"
    assertions = [
        f'_Static_assert((uint32_t)({row.vendor}) == {row.value:#x}u, "{row.macro}");'
        for row in rows_of(board)
    ]
    file.write_text(f'#include "{board.family}xx_hal.h"\n' + "\n".join(assertions) + "\n")
    options = ["-fsyntax-only", "-w", f"-D{part}", *(f"-I{include}" for include in includes)]
    subprocess.run([arm_gcc, *CPU, *options, file], check=True)
