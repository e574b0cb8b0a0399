"""Boards whose values contradict each other are refused, with the keys that do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.boards.board import Emulator, Led, Loader, Region, Sector
from edgel3_deploy.boards.check import check_board
from edgel3_deploy.errors import BadInputError

KB = 1024
FILE = Path("mine.toml")
STM32F7 = load_board("stm32f7")


def with_region(name: str, region: Region | None) -> Board:
    """stm32f7 with one region replaced, or removed."""
    regions = (region if old.name == name else old for old in STM32F7.regions)
    return replace(STM32F7, regions=tuple(region for region in regions if region))


def complaint(board: Board) -> str:
    with pytest.raises(BadInputError) as caught:
        check_board(board, FILE)
    assert str(FILE) in caught.value.message
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


def test_a_consistent_board_passes() -> None:
    check_board(STM32F7, FILE)


def test_overlapping_regions_are_both_named() -> None:
    text = complaint(with_region("sram1", Region("sram1", "ram", 0x2001_0000, 368 * KB)))
    assert "regions.dtcm" in text
    assert "regions.sram1" in text
    assert "0x20010000" in text


def test_exactly_one_flash_is_needed() -> None:
    assert "flash" in complaint(with_region("flash", None))
    assert "2 regions" in complaint(with_region("itcm", Region("itcm", "flash", 0, 16 * KB)))


def test_a_region_must_end_within_the_address_space() -> None:
    assert "regions.sram2" in complaint(with_region("sram2", Region("sram2", "ram", 0xFFFF_F000, 16 * KB)))


def test_sectors_must_tile_the_flash() -> None:
    text = complaint(replace(STM32F7, sectors=STM32F7.sectors[:-1]))
    assert "sectors" in text
    assert "tile" in text


def test_the_stack_must_fit_its_region() -> None:
    assert "regions.dtcm" in complaint(replace(STM32F7, stack_size=128 * KB))


@pytest.mark.parametrize("size", [8, 4 * KB + 4])
def test_the_stack_must_be_sensible(size: int) -> None:
    assert "stack_size" in complaint(replace(STM32F7, stack_size=size))


def test_the_clock_must_be_reachable() -> None:
    clock = replace(STM32F7.clock, cpu_hz=217_000_000, pll=None)
    text = complaint(replace(STM32F7, clock=clock))
    assert "clock.cpu_hz" in text
    assert "216000000" in text


def test_the_program_unit_must_be_a_power_of_two() -> None:
    assert STM32F7.bootloader is not None
    board = replace(STM32F7, bootloader=replace(STM32F7.bootloader, program_unit=3))
    assert "bootloader.program_unit" in complaint(board)


def with_uart(board: Board, baudrate: int, instance: str = "") -> Board:
    uart = board.uart
    return replace(board, uart=replace(uart, baudrate=baudrate, instance=instance or uart.instance))


@pytest.mark.parametrize("baudrate", [9600, 38_400, 115_200, 460_800, 1_000_000])
@pytest.mark.parametrize("name", ["stm32f7", "stm32h7"])
def test_usual_baud_rates_pass(name: str, baudrate: int) -> None:
    check_board(with_uart(load_board(name), baudrate), FILE)


@pytest.mark.parametrize(
    ("name", "instance", "baudrate", "clock_hz"),
    [
        ("stm32f7", "USART1", 1200, 108_000_000),
        ("stm32h7", "USART3", 1200, 120_000_000),
        ("stm32f7", "USART3", 4_000_000, 54_000_000),
        ("stm32f7", "USART1", 2_000_000, 16_000_000),
        ("stm32h7", "USART3", 7_000_000, 64_000_000),
    ],
)
def test_a_baud_rate_needs_a_divider_at_both_clocks(
    name: str, instance: str, baudrate: int, clock_hz: int
) -> None:
    text = complaint(with_uart(load_board(name), baudrate, instance))
    assert f"'uart.baudrate' = {baudrate}" in text
    assert f"{clock_hz} Hz" in text
    assert "16 to 65535" in text


def test_a_baud_rate_must_be_met_within_two_percent() -> None:
    assert "2.1% off" in complaint(with_uart(STM32F7, 921_600))


@pytest.mark.parametrize(
    ("name", "hse_hz", "bypass"),
    [
        ("stm32f7", 3_000_000, False),
        ("stm32f7", 27_000_000, False),
        ("stm32f7", 54_000_000, True),
        ("stm32h7", 2_000_000, True),
        ("stm32h7", 50_000_000, False),
    ],
)
def test_the_clock_source_must_be_one_that_the_chip_takes(name: str, hse_hz: int, bypass: bool) -> None:
    board = load_board(name)
    text = complaint(replace(board, clock=replace(board.clock, hse_hz=hse_hz, hse_bypass=bypass)))
    assert f"'clock.hse_hz' = {hse_hz}" in text


@pytest.mark.parametrize("size", [16 * KB, 144 * KB, 1, 2048 * KB])
def test_the_loader_takes_whole_sectors_and_leaves_some(size: int) -> None:
    assert "loader.size" in complaint(replace(STM32F7, loader=Loader(size)))


def test_the_loader_may_take_more_than_one_sector() -> None:
    check_board(replace(STM32F7, loader=Loader(64 * KB)), FILE)


def test_the_flash_starts_where_the_chip_has_it() -> None:
    text = complaint(with_region("flash", Region("flash", "flash", 0x0810_0000, 1024 * KB)))
    assert "regions.flash.origin" in text
    assert "0x08000000" in text


@pytest.mark.parametrize(
    ("name", "main_ram"),
    [("stm32f7", "sram1"), ("stm32f7", "sram2"), ("stm32h7", "axi"), ("stm32h7", "sram4")],
)
def test_any_main_ram_that_always_runs_may_hold_the_stack(name: str, main_ram: str) -> None:
    check_board(replace(load_board(name), main_ram=main_ram, dma_ram=""), FILE)


@pytest.mark.parametrize("main_ram", ["sram1", "sram2", "sram3"])
def test_a_main_ram_without_a_clock_at_reset_is_refused(main_ram: str) -> None:
    text = complaint(replace(load_board("stm32h7"), main_ram=main_ram))
    assert f"'main_ram' = {main_ram}" in text
    assert "clock" in text


def test_the_main_ram_is_not_made_non_cacheable() -> None:
    text = complaint(replace(STM32F7, dma_ram="dtcm"))
    assert "'dma_ram' and 'main_ram' are both dtcm" in text


@pytest.mark.parametrize(
    ("origin", "size"), [(0x2007_C000, 12 * KB), (0x2007_D000, 8 * KB), (0x2007_C010, 16), (0x2007_C000, 24)]
)
def test_the_memory_protection_must_be_able_to_cover_the_ram_for_dma(origin: int, size: int) -> None:
    text = complaint(with_region("sram2", Region("sram2", "ram", origin, size)))
    assert "'dma_ram' = sram2" in text
    assert "power of two" in text


@pytest.mark.parametrize(("size", "kind"), [(4 * KB, "dfsdm"), (2 * KB, "none"), (32, "none")])
def test_the_ram_for_dma_holds_the_rings(size: int, kind: str) -> None:
    board = with_region("sram2", Region("sram2", "ram", 0x2007_C000, size))
    text = complaint(board if kind == "dfsdm" else replace(board, microphone=None))
    assert f"'dma_ram' = sram2 has {size} bytes" in text
    assert f"{8 * KB if kind == 'dfsdm' else 4 * KB}" in text


def test_the_stm32h7_s_dma_controllers_do_not_reach_its_dtcm() -> None:
    text = complaint(replace(load_board("stm32h7"), main_ram="axi", dma_ram="dtcm"))
    assert "'dma_ram' = dtcm" in text
    assert "SRAM4" in text


@pytest.mark.parametrize(
    ("name", "dma_ram"), [("stm32f7", "sram2"), ("stm32h7", "axi"), ("stm32h7", "sram4")]
)
def test_any_other_ram_of_a_fitting_size_may_be_written_by_dma(name: str, dma_ram: str) -> None:
    check_board(replace(load_board(name), dma_ram=dma_ram), FILE)


def test_the_guard_under_the_stack_needs_its_alignment() -> None:
    text = complaint(with_region("dtcm", Region("dtcm", "ram", 0x2000_0008, 64 * KB)))
    assert "regions.dtcm" in text
    assert "32 bytes" in text


def test_a_pin_has_one_use() -> None:
    assert "'microphone.data' = PC3 is taken" in complaint(replace(STM32F7, led=Led("PC3", active_high=True)))
    assert "led.pin" in complaint(replace(STM32F7, led=Led("PA9", active_high=True)))
    assert "uart.rx" in complaint(replace(STM32F7, uart=replace(STM32F7.uart, rx="PA9")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": 44_100}, ("microphone.rate", "8000, 16000, 48000")),
        ({"rate": 16_000, "dfsdm": None}, ("microphone.rate", "clock.cpu_hz")),
        ({"clock": "PC3"}, ("microphone.clock", "clock output", "PD3")),
        ({"data": "PA9"}, ("microphone.data", "channel 1", "PC3")),
        ({"channel": 5}, ("microphone.data", "channel 5", "PC11")),
        ({"alternate_function": 7}, ("microphone.alternate_function", "It is 3")),
    ],
)
def test_a_microphone_that_cannot_work_is_named(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    assert STM32F7.microphone is not None
    text = complaint(replace(STM32F7, microphone=replace(STM32F7.microphone, **changes)))
    for word in words:
        assert word in text


def test_only_the_stm32f7_has_a_driver_for_it() -> None:
    text = complaint(replace(load_board("stm32h7"), microphone=STM32F7.microphone))
    assert "'microphone.kind' is dfsdm" in text
    assert 'kind = "i2s" or "none"' in text


@pytest.mark.parametrize("name", ["nucleo-f767zi", "stm32h7"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": 44_100}, ("microphone.rate", "8000, 16000, 48000")),
        ({"pll": None}, ("microphone.rate", "clock.hse_hz")),
        ({"clock": "PE4"}, ("microphone.clock", "PE5")),
        ({"select": "PE5"}, ("microphone.select", "PE4")),
        ({"data": "PE3"}, ("microphone.data", "PE6 or PD6 or PC1 or PB2")),
    ],
)
def test_an_i2s_microphone_that_cannot_work_is_named(
    name: str, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    board = load_board(name)
    assert board.microphone is not None
    text = complaint(replace(board, microphone=replace(board.microphone, **changes)))
    for word in words:
        assert word in text


@pytest.mark.parametrize("data", ["PE6", "PD6", "PC1", "PB2"])
def test_its_data_may_come_at_any_pin_of_the_block(data: str) -> None:
    board = load_board("nucleo-f767zi")
    assert board.microphone is not None
    check_board(replace(board, microphone=replace(board.microphone, data=data)), FILE)


def test_no_pin_is_taken_twice() -> None:
    board = load_board("nucleo-f767zi")
    assert board.led is not None
    assert "'microphone.data' = PE6 is taken" in complaint(replace(board, led=replace(board.led, pin="PE6")))


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("stm32f7", {"tx": "PA0"}, ("'uart.tx' = PA0", "TX of USART1", "PA9 or PB6 or PB14")),
        ("stm32f7", {"tx": "PA10", "rx": "PA9"}, ("'uart.tx' = PA10", "PA9")),
        ("stm32f7", {"tx": "PA13", "rx": "PA14"}, ("'uart.tx' = PA13", "PA9")),
        ("stm32f7", {"alternate_function": 8}, ("'uart.alternate_function' = 8", "It is 7")),
        ("stm32f7", {"instance": "UART4", "tx": "PA12", "rx": "PC11"}, ("alternate_function", "share one")),
        ("stm32h7", {"instance": "USART6", "tx": "PC6", "rx": "PC7", "alternate_function": 8}, ("It is 7",)),
        ("stm32h7", {"instance": "UART8", "tx": "PJ8", "rx": "PJ9"}, ("on STM32H743ZI", "PE1")),
    ],
)
def test_pins_of_the_uart_carry_its_signals(
    name: str, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    board = load_board(name)
    text = complaint(replace(board, uart=replace(board.uart, **changes)))
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("name", "pin", "reason"),
    [
        ("stm32f7", "PA13", "the debugger"),
        ("stm32f7", "PH1", "the oscillator"),
        ("stm32f7", "PK15", "no pin of STM32F769NI"),
        ("nucleo-f767zi", "PJ5", "no pin of STM32F767ZI"),
    ],
)
def test_the_light_takes_no_pin_that_is_not_there_or_is_needed(name: str, pin: str, reason: str) -> None:
    text = complaint(replace(load_board(name), led=Led(pin, active_high=True)))
    assert f"'led.pin' = {pin}" in text
    assert reason in text


@pytest.mark.parametrize(
    ("name", "kind", "origin", "size"),
    [
        ("stm32f7", "ram", 0x4000_0000, 16 * KB),
        ("stm32f7", "ram", 0xE000_E000, 4 * KB),
        ("stm32f7", "ram", 0xC000_0000, 8192 * KB),
        ("stm32f7", "ram", 0x2007_C000, 32 * KB),
        ("stm32f7", "itcm", 0x2007_C000, 16 * KB),
        ("stm32h7", "ram", 0x1000_0000, 128 * KB),
        ("stm32h7", "ram", 0x3880_0000, 4 * KB),
        ("mps2-an500", "ram", 0x2040_0000, 64 * KB),
    ],
)
def test_a_region_lies_where_the_family_has_memory(name: str, kind: Any, origin: int, size: int) -> None:
    board = load_board(name)
    kept = [region for region in board.regions if region.origin < origin]
    text = complaint(replace(board, regions=(*kept, Region("mine", kind, origin, size)), dma_ram=""))
    assert f"'regions.mine' is {size} bytes at {origin:#010x}" in text
    assert f"has no {kind}" in text


@pytest.mark.parametrize(
    "sizes", [[256] * 8, [16, 16, 16, 16, 64, *[128] * 7] * 2, [*[256] * 7, 128, 32, 32, 32, 32]]
)
def test_sectors_are_those_of_the_chip(sizes: list[int]) -> None:
    flash = STM32F7.flash
    sectors = tuple(
        Sector(number, flash.origin + sum(sizes[:number]) * KB, size * KB)
        for number, size in enumerate(sizes)
    )
    text = complaint(replace(STM32F7, sectors=sectors, loader=None))
    assert "'sectors'" in text


@pytest.mark.parametrize("entry", [0x2000_0000, 0x1FF0_0001, 0x0800_0000])
def test_the_rom_s_entry_is_a_vector_table_in_the_rom(entry: int) -> None:
    assert STM32F7.bootloader is not None
    board = replace(STM32F7, bootloader=replace(STM32F7.bootloader, entry=entry))
    assert f"'bootloader.entry' = {entry:#010x}" in complaint(board)


@pytest.mark.parametrize(
    ("name", "emulator", "word"),
    [
        ("stm32f7", Emulator("qemu", "mps2-an500"), "Write unicorn"),
        ("mps2-an500", Emulator("unicorn"), "Write qemu"),
        ("mps2-an500", Emulator("qemu", "virt"), "Write mps2-an500"),
    ],
)
def test_an_emulator_is_of_the_family(name: str, emulator: Emulator, word: str) -> None:
    assert word in complaint(replace(load_board(name), emulator=emulator))
