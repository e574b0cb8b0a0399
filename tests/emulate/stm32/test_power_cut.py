from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.boards.board import Sector
from edgel3_deploy.emulate.stm32.flash_memory import FlashMemory
from edgel3_deploy.emulate.stm32.power_cut import PowerCut, PowerLost

ORIGIN, SIZE = 0x0800_0000, 12_288
SECTORS = (Sector(0, ORIGIN, 4096), Sector(1, ORIGIN + 4096, 8192))
seeds = st.integers(min_value=0)


def flash(file: Path | None = None, *, ecc: bool = False) -> FlashMemory:
    return FlashMemory(ORIGIN, SIZE, SECTORS, file, word=32 if ecc else 4, ecc=ecc)


@given(seed=seeds, old=st.binary(min_size=4, max_size=4), data=st.binary(min_size=4, max_size=4))
def test_a_torn_word_lies_between_old_and_new(seed: int, old: bytes, data: bytes) -> None:
    before, after = (
        int.from_bytes(old, "little"),
        int.from_bytes(old, "little") & int.from_bytes(data, "little"),
    )
    torn = int.from_bytes(PowerCut(1, seed).torn_program(old, data), "little")
    assert torn & after == after, "no bit that stays was cleared"
    assert torn & ~before == 0, "no bit was set"


@given(seed=seeds)
def test_a_torn_erase_only_sets_bits_and_is_the_same_for_a_seed(seed: int) -> None:
    old = bytes(range(256)) * 16
    torn = PowerCut(1, seed).torn_erase(old)
    assert torn == PowerCut(1, seed).torn_erase(old)
    assert all(new & before == before for new, before in zip(torn.cells, old, strict=True))
    assert all(offset % 32 == 0 and size % 32 == 0 for offset, size in torn.unsure)


def test_torn_sectors_hold_mixtures() -> None:
    old = bytes(4096)
    seen = {kind for seed in range(20) for kind in PowerCut(1, seed).torn_erase(old).cells}
    assert {0x00, 0xFF} < seen


def test_power_fails_at_its_operation_and_stays_away() -> None:
    memory = flash()
    memory.cut = PowerCut(operation=3, seed=1)
    memory.erase(0)
    memory.program(ORIGIN, bytes(4))
    with pytest.raises(PowerLost):
        memory.program(ORIGIN + 4, bytes(12))
    assert memory.operations == 3
    assert memory.read(ORIGIN, 4) == bytes(4)
    assert memory.read(ORIGIN + 4, 4) not in (bytes(4), b"\xff" * 4)
    assert memory.read(ORIGIN + 8, 8) == b"\xff" * 8
    for operation in (lambda: memory.erase(1), lambda: memory.program(ORIGIN + 64, bytes(4))):
        with pytest.raises(PowerLost):
            operation()
    assert memory.read(ORIGIN + 64, 4) == b"\xff" * 4
    assert memory.operations == 3


def test_what_was_torn_is_poisoned_until_it_is_erased(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    memory = flash(file, ecc=True)
    memory.cut = PowerCut(operation=2)
    memory.program(ORIGIN, bytes(32))
    with pytest.raises(PowerLost):
        memory.program(ORIGIN + 64, bytes(32))
    assert memory.poisoned.within(ORIGIN, SIZE) == ORIGIN + 64
    memory.close()

    again = flash(file, ecc=True)
    assert again.poisoned.within(ORIGIN, SIZE) == ORIGIN + 64
    again.program(ORIGIN + 64, bytes(32))
    assert again.poisoned.within(ORIGIN, SIZE) == ORIGIN + 64, "programming heals nothing"
    again.erase(0)
    assert not again.poisoned
    assert not (tmp_path / "flash.bin.ecc").exists()


@pytest.mark.parametrize("seed", range(8))
def test_a_torn_erase_poisons_within_its_sector(seed: int) -> None:
    memory = flash(ecc=True)
    memory.program(ORIGIN, bytes(SIZE))
    memory.cut = PowerCut(memory.operations + 1, seed)
    with pytest.raises(PowerLost):
        memory.erase(1)
    assert memory.read(ORIGIN, 4096) == bytes(4096)
    words = memory.poisoned.blocks(32)
    assert words
    assert ORIGIN + 4096 <= words[0] <= words[-1] < ORIGIN + SIZE
