"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """Such as "1 window" and "2,400 windows"."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
