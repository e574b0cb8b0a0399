"""Seeded damage: to bytes as disks do it, to texts as people do it, to JSON as attackers do it."""

from __future__ import annotations

import json
import random
from typing import Any

_NUMBERS = (0, 1, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40)
_WORDS = (
    *("", "l", "o", "len", "org", "../x", "/etc/passwd", "~nouser/x", "a\0b", "\x1b[31mred", "*/", "??/"),
    *(
        "١٢",
        "nan",
        "inf",
        "-1",
        "0x8000_0000",
        "9" * 400,
        "999 x 1",
        "4 x 32K",
        "\ud800",
        "😀",
        "{{7*7}}",
        "$(id)",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, [], {}, "", "x", -1, 0, 1, 0.5, 1e308, 1 << 31, 1 << 53, 1 << 64, [[]], {"": ""}),
    *(float("inf"), float("nan"), "../../x", "\0", "\ud800", "a" * 300),
)


def damaged(rng: random.Random, content: bytes) -> bytes:
    """`content` with some changes: bytes, words, pieces left out, doubled, moved or cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        if not data:
            break
        at = rng.randrange(len(data))
        length = min(rng.choice((1, 2, 4, 16, 256)), len(data) - at)
        change = rng.randrange(8)
        if change == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            data[at : at + length] = rng.randbytes(length)
        elif change == 2:
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice(_NUMBERS) % (1 << 8 * size)
            data[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))
        elif change == 3:
            del data[at : at + length]
        elif change == 4:
            data[at:at] = data[at : at + length]
        elif change == 5 and rng.random() < 0.3:
            del data[at:]
        elif change == 6:
            other = rng.randrange(len(data))
            data[at : at + length] = data[other : other + length]
        else:
            data[at] = rng.choice((0, 0xFF, 0x80, 0x7F, 0x0A))
    return bytes(data)


def text_damaged(rng: random.Random, text: str) -> str:
    """`text` with lines left out, doubled or swapped, and values replaced."""
    lines = text.splitlines()
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(lines))
        change = rng.randrange(6)
        if change == 0:
            lines[at] = ""
        elif change == 1:
            lines.insert(at, rng.choice(lines))
        elif change == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif change == 3 and "=" in lines[at]:
            word = rng.choice(_WORDS).encode("utf-8", "replace").decode()
            quoted = json.dumps(word) if rng.random() < 0.5 else word
            lines[at] = f"{lines[at].partition('=')[0]}= {quoted}"
        elif change == 4 and "=" in lines[at]:
            name, _, value = lines[at].partition("=")
            lines[at] = f"{name}={value.replace('0', rng.choice(('9', '00', '-', '')))}"
        else:
            lines[at] = damaged(rng, lines[at].encode()).decode("utf-8", "replace")
    return "\n".join(lines)


def json_damaged(rng: random.Random, content: bytes) -> bytes:
    """JSON with values replaced, keys lost or renamed; sometimes nested without end, sometimes no JSON."""
    if rng.random() < 0.1:
        return damaged(rng, content)
    if rng.random() < 0.02:
        return b"[" * 100_000
    tree = json.loads(content)
    for _ in range(rng.randint(1, 3)):
        _change(rng, tree)
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def _change(rng: random.Random, tree: Any) -> None:
    """Walk down by chance, then change what is there."""
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        child = node[key]
        if isinstance(child, (dict, list)) and child and rng.random() < 0.75:
            node = child
            continue
        change = rng.randrange(4)
        if change == 0:
            del node[key]
        elif change == 1 and isinstance(node, dict):
            node[rng.choice(_WORDS)] = node.pop(key)
        else:
            node[key] = rng.choice(_VALUES)
        return
