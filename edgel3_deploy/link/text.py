"""Text that comes from a board, made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with everything that is not printable escaped, as in `\x1b`, so that no terminal obeys it."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
