"""Boards whose values contradict each other are refused, with the keys that do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgel3_deploy.boards import Board, load_board
from edgel3_deploy.boards.board import Region
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
