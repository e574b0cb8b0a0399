from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.emulate.stm32.ecc import PoisonedWords
from edgel3_deploy.errors import BadInputError

WORD = 0x0802_0040


def test_an_access_meets_the_words_that_it_touches() -> None:
    words = PoisonedWords()
    words.add((WORD + 31, 2))
    touched = [words.within(address, 4) for address in (WORD - 4, WORD - 2, WORD + 28, WORD + 62, WORD + 64)]
    assert touched == [None, WORD, WORD, WORD + 32, None]
    assert words.blocks(1024) == (0x0802_0000,)


def test_erasing_heals_and_removes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin.ecc"
    words = PoisonedWords(file)
    assert not file.exists()
    words.add((WORD, 32), (WORD + 0x1000, 32))
    assert file.read_text() == "0x08020040\n0x08021040\n"
    words.heal(0x0802_0000, 0x1000)
    assert PoisonedWords(file).within(WORD, 0x2000) == WORD + 0x1000
    words.heal(0x0802_1000, 0x1000)
    assert not file.exists()


def test_every_change_is_told_and_nothing_else() -> None:
    words = PoisonedWords()
    seen: list[bool] = []
    words.on_change = lambda: seen.append(bool(words))
    words.heal(0x0802_0000, 0x1000)
    words.add((WORD, 32))
    words.add((WORD, 32))
    words.heal(0x0802_0000, 0x1000)
    assert seen == [True, False]


def test_a_file_that_is_no_ecc_state(tmp_path: Path) -> None:
    file = tmp_path / "flash.bin.ecc"
    file.write_text("poison\n")
    with pytest.raises(BadInputError, match=r"flash\.bin\.ecc as the ECC state"):
        PoisonedWords(file)
