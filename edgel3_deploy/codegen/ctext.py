"""Python values as C text: what is not checked to be an identifier is escaped, whatever file it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError

WIDTH = 104
"""Longest line of an array, in characters."""

LONGEST_IDENTIFIER = 48
_IDENTIFIER = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_IDENTIFIER - 1}}}")
_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
asm bool catch class delete export false friend namespace new operator private protected public template
this throw true try typename using virtual
"""
_TRIGRAPH = re.compile(r"\?(?=\?)")
_NOT_IN_COMMENT = re.compile(r"[^ -\[\]-~]")


def identifier(name: str) -> str:
    """`name` itself if it is a lower-case identifier in C and C++; BadInputError otherwise."""
    if not _IDENTIFIER.fullmatch(name) or name in _KEYWORDS.split():
        raise BadInputError(f"{name!r} cannot name a function in C", "Use a-z, 0-9 and '_', a letter first.")
    return name


def string(text: str) -> str:
    """A C string literal of the text's UTF-8 bytes."""
    plain = (
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "replace")
    )
    return '"' + "".join(plain) + '"'


def float32(value: float) -> str:
    """A literal of exactly the float32 that is next to `value`, in digits."""
    return f"{np.float32(value)!s}F"


def comment(text: str, limit: int = 100) -> str:
    """Text that may stand in a C or make comment: one printable line that neither ends nor continues it."""
    line = _NOT_IN_COMMENT.sub("?", text).replace("*/", "* /").replace("/*", "/ *")
    line = _TRIGRAPH.sub("? ", line)
    return line if len(line) <= limit else line[: limit - 3] + "..."


def rows(values: NDArray[np.generic] | Sequence[int], indent: int = 4) -> str:
    """Array elements as lines of right-aligned numbers, each with a comma; int8 always in the same width."""
    texts = [str(value) for value in np.asarray(values).ravel().tolist()]
    narrow = isinstance(values, np.ndarray) and values.dtype == np.int8
    width = 4 if narrow else max(map(len, texts))
    per_line = max(1, (WIDTH - indent) // (width + 2))
    lines = (
        ", ".join(text.rjust(width) for text in texts[start : start + per_line]) + ","
        for start in range(0, len(texts), per_line)
    )
    return "\n".join(" " * indent + line for line in lines)


def hex_rows(data: bytes, indent: int = 4) -> str:
    """Bytes as lines of sixteen hexadecimal numbers."""
    chunks: Iterator[bytes] = (data[start : start + 16] for start in range(0, len(data), 16))
    return "\n".join(" " * indent + " ".join(f"0x{byte:02x}," for byte in chunk) for chunk in chunks)


def word_rows(words: NDArray[np.uint32]) -> str:
    """Words as lines of eight hexadecimal numbers."""
    lines = (
        "    " + ", ".join(f"0x{word:08x}" for word in words[start : start + 8].tolist()) + ","
        for start in range(0, len(words), 8)
    )
    return "\n".join(lines)


def struct_rows(values: NDArray[np.int32]) -> str:
    """The rows of `values` (n, members) as initializers of structs."""
    return "\n".join("    {" + ", ".join(_constant(value) for value in row) + "}," for row in values.tolist())


def _constant(value: int) -> str:
    """-2^31 has no literal of its own in C."""
    return "INT32_MIN" if value == -(1 << 31) else str(value)


def shape(sizes: Sequence[int]) -> str:
    """Sizes as people write them, such as 64 x 50 x 1."""
    return " x ".join(str(size) for size in sizes)


def columns(table: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Rows of cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return tuple(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
