"""The verdict counts every byte where it lies, and says what is over by how much."""

from __future__ import annotations

import dataclasses

import pytest

from edgel3_deploy.boards.board import Board, Loader, Region, Sector
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.plan.limits import FLASH_CEILING, RAM_CEILING
from edgel3_deploy.toolchain.budget import budget_of, measure
from edgel3_deploy.toolchain.elf import Image, Section, Symbol, read_elf
from tests.toolchain.conftest import Link


def test_a_linked_image_is_counted_section_by_section(link: Link, board: Board) -> None:
    image = read_elf(
        link(
            'int table[8] = {1}; static char zeros[40]; __attribute__((section(".arena"))) char arena[500];'
            "int main(void) { return table[0] + zeros[0] + arena[1]; }"
        )
    )
    budget = measure(image, board)
    text = next(section.size for section in image.sections if section.name == ".text")
    assert {row.name: row.used for row in budget.regions} == {"fast": 256 + 32 + 40, "slow": 500}
    assert budget.ram.used == 256 + 32 + 40 + 500
    assert budget.flash.used == text + 32
    assert budget.verdict == "fits"
    assert budget.items[0].name == "arena"
    assert budget.items[0].memory == "slow"


def test_json_has_the_promised_keys(board: Board) -> None:
    content = budget_of({"flash": 100, "fast": 300}, board).to_json()
    assert content["verdict"] == "fits"
    assert content["flash"] == {
        "used": 100,
        "limit": 4096,
        "loader": 0,
        "header": 0,
        "settings": 0,
        "application": 100,
    }
    assert content["ram"]["used"] == 300
    assert content["ram"]["limit"] == 2048
    assert content["ram"]["regions"] == {
        "fast": {"used": 300, "limit": 1024},
        "slow": {"used": 0, "limit": 1024},
    }


def test_one_full_region_is_over_though_the_total_fits(board: Board) -> None:
    budget = budget_of({"fast": 1030}, board)
    assert budget.verdict == "over"
    assert budget.excess == ("fast by 6 bytes (1,030 of 1,024)",)


def test_exactly_full_fits(board: Board) -> None:
    assert budget_of({"flash": 4096, "fast": 1024, "slow": 1024}, board).verdict == "fits"


def test_ceilings_hold_whatever_the_board_says(board: Board) -> None:
    huge = dataclasses.replace(
        board,
        regions=(Region("flash", "flash", 0x0800_0000, 1 << 30), Region("fast", "ram", 0x2000_0000, 1 << 29)),
    )
    budget = budget_of({"flash": FLASH_CEILING + 1, "fast": RAM_CEILING + 2}, huge)
    assert (budget.flash.excess, budget.ram.excess) == (1, 2)
    assert budget.regions[0].excess == 0


@pytest.mark.parametrize(("used", "names"), [(0, ["fast", "slow"]), (64, ["itcm", "fast", "slow"])])
def test_itcm_counts_where_it_is_used(board: Board, used: int, names: list[str]) -> None:
    budget = budget_of({"itcm": used}, board)
    assert [row.name for row in budget.regions] == names
    assert (budget.ram.used, budget.ram.limit) == (0, 2048)


def test_code_copied_to_itcm_takes_both_memories(board: Board) -> None:
    image = Image(
        0, (Section(".itcm", 0, 0x0800_0100, 64, True),), (Symbol("hot", "function", 4, 60),), frozenset()
    )
    budget = measure(image, board)
    assert budget.flash.used == 64
    assert [row.used for row in budget.regions] == [64, 0, 0]
    assert budget.items[0].memory == "itcm"


@pytest.fixture
def resident(board: Board) -> Board:
    """The small board with 96 KB of flash, of which a loader owns the first of six sectors."""
    flash = Region("flash", "flash", 0x0800_0000, 96 << 10)
    sectors = tuple(Sector(n, flash.origin + (n << 14), 16 << 10) for n in range(6))
    return dataclasses.replace(
        board, regions=(flash, *board.regions[1:]), sectors=sectors, loader=Loader(16 << 10)
    )


def test_loader_and_header_are_used_flash(resident: Board) -> None:
    image = Image(0, (Section(".text", 0x0800_4400, 0x0800_4400, 1000, True),), (), frozenset())
    budget = measure(image, resident)
    assert (budget.flash.used, budget.flash.limit) == (16_384 + 1_024 + 1_000, 65_536)
    assert budget.to_json()["flash"] == {
        "used": 18_408,
        "limit": 65_536,
        "loader": 16_384,
        "header": 1_024,
        "settings": 32_768,
        "application": 1_000,
    }
    assert budget.flash_parts == (
        "1,000 of the application, 16,384 of the loader, 1,024 of the image header "
        "(not counted: 32,768 for settings)"
    )


def test_of_two_slots_the_smallest_counts(resident: Board) -> None:
    layout = flash_layout(resident, 2)
    budget = budget_of({"flash": layout.overhead + 16_000}, resident, layout)
    assert budget.flash.limit == 32_768
    assert budget.excess == ("flash by 640 bytes (33,408 of 32,768)",)


def test_the_mailbox_is_used_ram_whether_or_not_the_image_names_it(resident: Board) -> None:
    data = Section(".data", 0x2000_0000, 0x0800_4400, 100, True)
    mailbox = Section(".mailbox", 0x2000_0300, 0x2000_0300, 256, False)
    for sections in ((data,), (data, mailbox)):
        budget = measure(Image(0, sections, (), frozenset()), resident)
        assert [row.used for row in budget.regions] == [100 + 256, 0]


def test_a_bare_image_has_no_parts(board: Board) -> None:
    assert budget_of({"flash": 100}, board).flash_parts == ""


def test_a_limit_of_ram_below_what_the_board_has(board: Board) -> None:
    used = {"flash": 4096, "fast": 1024, "slow": 512}
    assert budget_of(used, board, ram_limit=1536).verdict == "fits"
    assert budget_of(used, board, ram_limit=1 << 30).ram.limit == 2048
    assert budget_of(used, board, ram_limit=1535).excess == ("RAM by 1 bytes (1,536 of 1,535)",)
