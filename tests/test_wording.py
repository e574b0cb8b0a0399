"""One is one."""

from __future__ import annotations

from edgel3_deploy.wording import counted


def test_numbers_and_their_words_agree() -> None:
    assert [counted(number, "window") for number in (0, 1, 2_400)] == [
        "0 windows",
        "1 window",
        "2,400 windows",
    ]
