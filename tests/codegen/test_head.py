"""What a head takes of an image."""

from __future__ import annotations

from edgel3_deploy.codegen.head import CompiledHead, HeadMemory, head_memory, head_source
from tests.head.heads import random_head


def test_a_head_has_arrays_for_its_widest_layer() -> None:
    head = CompiledHead(random_head((61, 33, 3), "softmax"), ("a", "b", "c"), bytes(32))
    # Two times the widest layer, int16 pairs of the widest input.
    assert head_memory(head) == HeadMemory(hidden_bytes=66, scratch_words=32)


def test_image_without_head_has_no_arrays() -> None:
    assert b"static" not in head_source(None, "a model")
