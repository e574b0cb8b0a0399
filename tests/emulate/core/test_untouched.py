from __future__ import annotations

from edgel3_deploy.emulate.core.untouched import BLOCK, Untouched

RAM = 0x2000_0000


def test_the_first_access_opens_its_blocks() -> None:
    untouched = Untouched()
    untouched.follow(RAM, 4 * BLOCK)
    assert untouched.holds(RAM + BLOCK)
    assert untouched.opens(RAM + 2 * BLOCK - 4, 8)
    assert not untouched.opens(RAM + BLOCK, 4)
    assert [untouched.holds(RAM + block * BLOCK) for block in range(5)] == [True, False, False, True, False]
    assert untouched.spans(RAM, RAM + 4 * BLOCK) == [(RAM, RAM + BLOCK), (RAM + 3 * BLOCK, RAM + 4 * BLOCK)]


def test_ram_that_nobody_follows_counts_as_written() -> None:
    assert not Untouched().opens(RAM, BLOCK)
