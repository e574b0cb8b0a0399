"""What the flash drivers write, and in which order (RM0410 section 3.3, RM0433 section 4.3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.drivers.bench import STACK_TOP, Bench
from tests.firmware.registers.vendor_table import rows_of

F7 = {row.macro: row.value for row in rows_of(load_board("stm32f7"))}
H7 = {row.macro: row.value for row in rows_of(load_board("stm32h7"))}
DATA = [0x0101_0101 * number for number in range(1, 9)]
DATA_AT = STACK_TOP - 0x4000
FLASH_REGISTERS = range(0x4002_3C00, 0x4002_4000), range(0x5200_2000, 0x5200_3000)


def make(gcc: Path, name: str, folder: Path) -> Bench:
    board = load_board(name)
    sources = (f"drivers/flash_{name}.c", "drivers/watchdog_stm32.c", "drivers/core.c")
    return Bench(gcc, board, folder, sources, {})


def flash_writes(bench: Bench) -> list[tuple[int, int]]:
    """What reached flash or its registers, without the feeding of the watchdog."""
    return [
        (address, value)
        for address, value in bench.writes
        if address >> 24 == 0x08 or any(address in registers for registers in FLASH_REGISTERS)
    ]


@pytest.fixture
def f7(arm_gcc: Path, tmp_path: Path) -> Bench:
    """An STM32F7 whose flash unlocks after the second key, has one bank and is never busy."""
    bench = make(arm_gcc, "stm32f7", tmp_path)
    bench.preset(F7["FLASH_CR"], F7["FLASH_CR_LOCK"])
    bench.read_as(F7["FLASH_SR"], 0)
    bench.preset(F7["FLASH_OPTCR"], F7["FLASH_OPTCR_NDBANK"])
    bench.answer(_unlock_f7)
    return bench


def _unlock_f7(bench: Bench, address: int, value: int) -> None:
    if (address, value) == (F7["FLASH_KEYR"], F7["FLASH_KEYR_KEY2"]):
        bench.preset(F7["FLASH_CR"], 0)


@pytest.fixture
def h7(arm_gcc: Path, tmp_path: Path) -> Bench:
    """An STM32H7 whose banks unlock after the second key and are never busy."""
    bench = make(arm_gcc, "stm32h7", tmp_path)
    for bank in (0, 1):
        bench.preset(H7[f"FLASH_CR({bank}u)"], H7["FLASH_CR_LOCK"])
        bench.read_as(H7[f"FLASH_SR({bank}u)"], 0)
    bench.answer(_unlock_h7)
    return bench


def _unlock_h7(bench: Bench, address: int, value: int) -> None:
    for bank in (0, 1):
        if (address, value) == (H7[f"FLASH_KEYR({bank}u)"], H7["FLASH_KEYR_KEY2"]):
            bench.preset(H7[f"FLASH_CR({bank}u)"], 0)


F7_OPEN = [
    (F7["FLASH_KEYR"], F7["FLASH_KEYR_KEY1"]),
    (F7["FLASH_KEYR"], F7["FLASH_KEYR_KEY2"]),
    (F7["FLASH_SR"], F7["FLASH_SR_ERRORS"] | F7["FLASH_SR_EOP"]),
]
F7_CLOSE = [
    (F7["FLASH_SR"], F7["FLASH_SR_ERRORS"] | F7["FLASH_SR_EOP"]),
    (F7["FLASH_CR"], F7["FLASH_CR_LOCK"]),
]


def test_the_f7_erases_a_sector(f7: Bench) -> None:
    assert f7.call("flash_chip_erase", 5)
    what = F7["FLASH_CR_SER"] | F7["FLASH_CR_PSIZE_X32"] | 5 * F7["FLASH_CR_SNB(1u)"]
    control = F7["FLASH_CR"]
    assert flash_writes(f7) == [*F7_OPEN, (control, what), (control, what | F7["FLASH_CR_STRT"]), *F7_CLOSE]


def test_the_f7_programs_words_of_the_size_that_it_announced(f7: Bench) -> None:
    assert f7.call("flash_chip_program", 0x0800_8020, f7.words(DATA_AT, DATA))
    words = [(0x0800_8020 + 4 * index, word) for index, word in enumerate(DATA)]
    mode = (F7["FLASH_CR"], F7["FLASH_CR_PG"] | F7["FLASH_CR_PSIZE_X32"])
    assert flash_writes(f7) == [*F7_OPEN, mode, *words, *F7_CLOSE]


def test_the_f7_touches_nothing_with_two_banks(f7: Bench) -> None:
    """There the sector of the same number is another one: the loader's, for the first of the application."""
    f7.preset(F7["FLASH_OPTCR"], 0)
    assert not f7.call("flash_chip_erase", 1)
    assert flash_writes(f7) == []
    assert not f7.call("flash_chip_program", 0x0800_8000, f7.words(DATA_AT, DATA))
    assert flash_writes(f7) == []


@pytest.mark.parametrize("error", ["OPERR", "WRPERR", "PGAERR", "PGPERR", "ERSERR"])
def test_the_f7_reports_each_error(f7: Bench, error: str) -> None:
    def refuse(bench: Bench, address: int, value: int) -> None:
        _unlock_f7(bench, address, value)
        if address == F7["FLASH_CR"]:
            bench.read_as(F7["FLASH_SR"], F7[f"FLASH_SR_{error}"])

    f7.answer(refuse)
    assert not f7.call("flash_chip_erase", 5)
    assert flash_writes(f7)[-1] == F7_CLOSE[-1]


@pytest.mark.parametrize("error", ["WRPERR", "PGSERR", "STRBERR", "INCERR", "OPERR"])
def test_the_h7_reports_each_error(h7: Bench, error: str) -> None:
    def refuse(bench: Bench, address: int, value: int) -> None:
        _unlock_h7(bench, address, value)
        if address == H7["FLASH_CR(1u)"]:
            bench.read_as(H7["FLASH_SR(1u)"], H7[f"FLASH_SR_{error}"])

    h7.answer(refuse)
    assert not h7.call("flash_chip_program", 0x0810_0400, h7.words(DATA_AT, DATA))
    assert flash_writes(h7)[-1] == _h7_close(1)[-1]


@pytest.mark.parametrize(("number", "bank", "sector"), [(1, 0, 1), (7, 0, 7), (8, 1, 0), (15, 1, 7)])
def test_the_h7_erases_a_sector_of_either_bank(h7: Bench, number: int, bank: int, sector: int) -> None:
    assert h7.call("flash_chip_erase", number)
    control = H7[f"FLASH_CR({bank}u)"]
    what = H7["FLASH_CR_SER"] | H7["FLASH_CR_PSIZE_X64"] | sector * H7["FLASH_CR_SNB(1u)"]
    steps = [(control, what), (control, what | H7["FLASH_CR_START"])]
    assert flash_writes(h7) == [*_h7_open(bank), *steps, *_h7_close(bank)]


@pytest.mark.parametrize(("address", "bank"), [(0x0802_0400, 0), (0x0810_0400, 1)])
def test_the_h7_programs_one_whole_flash_word(h7: Bench, address: int, bank: int) -> None:
    assert h7.call("flash_chip_program", address, h7.words(DATA_AT, DATA))
    mode = (H7[f"FLASH_CR({bank}u)"], H7["FLASH_CR_PG"] | H7["FLASH_CR_PSIZE_X64"])
    words = [(address + 4 * index, word) for index, word in enumerate(DATA)]
    assert flash_writes(h7) == [*_h7_open(bank), mode, *words, *_h7_close(bank)]


def _h7_open(bank: int) -> list[tuple[int, int]]:
    return [
        (H7[f"FLASH_KEYR({bank}u)"], H7["FLASH_KEYR_KEY1"]),
        (H7[f"FLASH_KEYR({bank}u)"], H7["FLASH_KEYR_KEY2"]),
        (H7[f"FLASH_CCR({bank}u)"], H7["FLASH_SR_ERRORS"] | H7["FLASH_SR_EOP"]),
    ]


def _h7_close(bank: int) -> list[tuple[int, int]]:
    return [
        (H7[f"FLASH_CCR({bank}u)"], H7["FLASH_SR_ERRORS"] | H7["FLASH_SR_EOP"]),
        (H7[f"FLASH_CR({bank}u)"], H7["FLASH_CR_LOCK"]),
    ]


def test_the_h7_reads_with_bus_faults_ignored_and_forgets_that_again(h7: Bench) -> None:
    h7.words(0x0802_0000, DATA)
    h7.preset(H7["SCB_CCR"], H7["SCB_CCR_DC"])
    h7.read_as(H7["SCB_CFSR"], 0)
    assert h7.call("flash_read", 0x0802_0000, DATA_AT, 32)
    assert h7.read_words(DATA_AT, 8) == DATA
    control = [value for address, value in h7.writes if address == H7["SCB_CCR"]]
    assert control == [H7["SCB_CCR_DC"] | H7["SCB_CCR_BFHFNMIGN"], H7["SCB_CCR_DC"]]


@pytest.mark.parametrize(
    ("register", "value"),
    [
        ("SCB_CFSR", 0x8200),
        ("FLASH_SR(0u)", H7["FLASH_SR_DBECCERR"]),
        ("FLASH_SR(1u)", H7["FLASH_SR_DBECCERR"]),
    ],
)
def test_the_h7_tells_what_cannot_be_read_and_drops_it_from_the_cache(
    h7: Bench, register: str, value: int
) -> None:
    h7.read_as(H7["SCB_CFSR"], 0)
    h7.read_as(H7[register], value)
    assert not h7.call("flash_read", 0x0802_0000, DATA_AT, 64)
    dropped = [value for address, value in h7.writes if address == H7["SCB_DCIMVAC"]]
    assert dropped == [0x0802_0000, 0x0802_0020]
    for bank in (0, 1):
        assert (H7[f"FLASH_CCR({bank}u)"], H7["FLASH_SR_DBECCERR"]) in h7.writes


def test_the_h7_reads_on_after_an_error_that_could_be_corrected(h7: Bench) -> None:
    h7.read_as(H7["SCB_CFSR"], 0)
    h7.read_as(H7["FLASH_SR(0u)"], H7["FLASH_SR_SNECCERR"])
    assert h7.call("flash_read", 0x0802_0000, DATA_AT, 64)
