"""Images that could start on a board: a vector table, then bytes that repeat nowhere near."""

from __future__ import annotations

import struct

from edgel3_deploy.boards.board import Board


def image_for(board: Board, size: int) -> bytes:
    """`size` bytes of firmware for `board` that loops for ever; the size may be odd."""
    stack = board.region(board.main_ram).origin + board.stack_size
    table = struct.pack("<II", stack, board.flash.origin + 9)
    here = b"\xfe\xe7\xfe\xe7"  # b .
    body = b"".join(struct.pack("<I", index * 2654435761 & 0xFFFFFFFF) for index in range(size // 4 + 1))
    return (table + here + body)[:size]
