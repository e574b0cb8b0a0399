"""What a head takes of an image."""

from __future__ import annotations

from edgel3_deploy.codegen.head import CompiledHead, head_source
from tests.head.heads import random_head


def test_a_head_has_arrays_for_its_widest_layer() -> None:
    head = CompiledHead(random_head((61, 33, 3), "softmax"), ("a", "b", "c"), bytes(32))
    # Scores, two times the widest layer, int16 pairs of the widest input.
    text = head_source(head, "a model").decode()
    assert "hidden[66]" in text and "scores[3]" in text and "scratch[32]" in text


def test_image_without_head_has_no_arrays() -> None:
    assert b"static" not in head_source(None, "a model")
