"""What a head takes of an image."""

from __future__ import annotations

from edgel3_deploy.codegen.head import (
    CompiledHead,
    HeadMemory,
    head_flash,
    head_memory,
    head_ram,
    head_source,
)
from tests.head.heads import random_head


def test_memory_of_a_head_is_that_of_its_arrays() -> None:
    head = CompiledHead(random_head((61, 33, 3), "softmax"), ("a", "b", "c"), bytes(32))
    # Rows padded to four features, and four words of constants for each output.
    assert head_flash(head) == 33 * 64 + 33 * 16 + 3 * 36 + 3 * 16
    # Scores, two times the widest layer, int16 pairs of the widest input.
    assert head_ram(head) == 3 + 2 * 33 + 2 * 64
    assert head_memory(head) == HeadMemory(hidden_bytes=66, scratch_words=32)


def test_image_without_head_has_no_arrays() -> None:
    assert b"static" not in head_source(None, "a model")
