"""The head's C on this machine against its numpy twin, which is TFLite Micro's arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.head import arithmetic
from edgel3_deploy.head.network import Output, run_head
from tests.firmware.head.host import GeneratedHead, HostHead
from tests.head.heads import random_head

ALL = np.arange(-128, 128).astype(np.int8)
EXPONENTS = st.floats(-25, 40)


@settings(max_examples=100)
@given(exponent=EXPONENTS, zero_point=st.integers(-128, 127))
def test_logistic_is_its_twin_at_any_scale(host_head: HostHead, exponent: float, zero_point: int) -> None:
    constants = arithmetic.logistic_constants(2.0**exponent, zero_point)
    assert np.array_equal(host_head.logistic(constants, ALL), arithmetic.logistic(constants, ALL))


@settings(max_examples=100)
@given(
    exponent=EXPONENTS, values=st.lists(st.integers(-128, 127), min_size=1, max_size=arithmetic.MOST_LABELS)
)
def test_softmax_is_its_twin_at_any_scale(host_head: HostHead, exponent: float, values: list[int]) -> None:
    constants = arithmetic.softmax_constants(2.0**exponent)
    logits = np.array(values, np.int8)
    assert np.array_equal(host_head.softmax(constants, logits), arithmetic.softmax(constants, logits))


@pytest.mark.parametrize("output", ["softmax", "logistic"])
@pytest.mark.parametrize("sizes", [(64, 10), (64, 32, 10), (61, 33, 17, 3), (128, 64, 1), (5, 128)])
def test_generated_head_is_its_twin(
    host_gcc: Path, tmp_path: Path, output: Output, sizes: tuple[int, ...]
) -> None:
    network = random_head(sizes, output)
    head = CompiledHead(network, tuple(f"label {index}" for index in range(sizes[-1])), bytes(32))
    compiled = GeneratedHead(host_gcc, tmp_path, head)
    embeddings = np.random.default_rng(0).integers(-128, 128, (50, sizes[0])).astype(np.int8)
    found = [compiled.run(embedding) for embedding in embeddings]
    scores = [values for values in found if values is not None]
    assert np.array_equal(scores, run_head(network, embeddings))


def test_labels_may_hold_any_text(host_gcc: Path, tmp_path: Path) -> None:
    labels = ('"quoted" \\ and ??/ trigraph', "*/ end of comment", "zażółć")
    head = CompiledHead(random_head((8, 3), "softmax"), labels, bytes(range(32)))
    assert GeneratedHead(host_gcc, tmp_path, head).run(np.zeros(8, np.int8)) is not None


def test_image_without_head_has_no_scores(host_gcc: Path, tmp_path: Path) -> None:
    assert GeneratedHead(host_gcc, tmp_path, None).run(np.zeros(64, np.int8)) is None
