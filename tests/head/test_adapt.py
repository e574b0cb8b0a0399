"""One head for several quantizations of the same weights."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgel3_deploy.errors import UsageError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.graph.tensors import dequantize
from edgel3_deploy.head.adapt import head_for
from edgel3_deploy.head.arithmetic import probabilities
from edgel3_deploy.head.file import HeadFile
from edgel3_deploy.head.network import run_head
from edgel3_deploy.models.archive import fingerprint
from tests.head.heads import random_head, small_head
from tests.validate.prepared import EMBEDDING, small_float_network, small_model

WEIGHTS = small_float_network()


@pytest.fixture(scope="module")
def network() -> Network:
    """What the head shall run behind."""
    return read_network(small_model(), name="small")


@pytest.fixture(scope="module")
def head() -> HeadFile:
    """A head for another quantization of the same weights."""
    return small_head(random_head((EMBEDDING, 6, 3), "softmax"), weights_sha256=fingerprint(WEIGHTS))


def test_adapted_head_says_the_same_of_the_same_real_embedding(head: HeadFile, network: Network) -> None:
    adapted = head_for(head, network, small_model(), WEIGHTS)
    source, target = head.network.input, adapted.network.input
    assert (target.scale, target.zero_point) == (network.output.scale, network.output.zero_point)
    # Real numbers that both quantizations hold.
    most = 120 * min(source.scale, target.scale)
    real = np.random.default_rng(0).uniform(0, most, (200, EMBEDDING))

    def said(tensor_head: HeadFile) -> np.ndarray:
        tensor = tensor_head.network.input
        values = (np.rint(real / tensor.scale) + tensor.zero_point).clip(-128, 127).astype(np.int8)
        assert np.abs(dequantize(tensor, values) - real).max() <= tensor.scale
        return probabilities(run_head(tensor_head.network, values))

    assert np.abs(said(adapted) - said(head)).mean() < 0.03


def test_head_of_the_very_model_is_taken_as_it_is(head: HeadFile, network: Network) -> None:
    adapted = head_for(head, network, small_model(), WEIGHTS)
    assert head_for(adapted, network, small_model(), None) is adapted


def test_other_weights_are_refused(head: HeadFile, network: Network) -> None:
    with pytest.raises(UsageError, match="trained on small"):
        head_for(head, network, small_model(), None)
    other = dataclasses.replace(head, weights_sha256="")
    with pytest.raises(UsageError, match="trained on small"):
        head_for(other, network, small_model(), WEIGHTS)
