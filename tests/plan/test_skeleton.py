"""Family members by shape alone."""

from __future__ import annotations

import pytest

from edgel3_deploy.compress.pruning import cut_depth, prune_filters
from edgel3_deploy.graph.ir import Conv2D, MaxPool2D
from edgel3_deploy.models.family import FAMILY, Member
from edgel3_deploy.models.locate import bundled_weights
from edgel3_deploy.models.weights import read_weights
from edgel3_deploy.plan.skeleton import float_skeleton, skeleton


@pytest.mark.parametrize("member", FAMILY, ids=lambda member: member.name)
def test_weights_and_shapes_are_the_members(member: Member) -> None:
    network = skeleton(member)
    convolutions = [layer for layer in network.layers if isinstance(layer, Conv2D)]
    assert sum(layer.weights.size for layer in convolutions) == member.int8_weight_bytes
    assert network.input.shape == (member.n_mels, member.frames, 1)
    assert network.output.shape == (member.embedding,)
    for before, after in zip(network.layers, network.layers[1:], strict=False):
        assert before.output == after.input


def test_weights_take_no_memory() -> None:
    for layer in skeleton(FAMILY[3]).layers:
        if isinstance(layer, Conv2D):
            assert layer.weights.base is not None
            assert layer.weights.strides == (0, 0, 0, 0)


def test_a_float_network_may_have_any_widths_and_depth() -> None:
    weights = bundled_weights()
    assert weights is not None
    dense = read_weights(weights)
    narrow = float_skeleton(prune_filters(dense, (0, 25, 50, 50, 50, 50, 50, 50)).network)
    widths = [layer.output.shape[-1] for layer in narrow.layers if isinstance(layer, Conv2D)]
    assert widths == [32, 24, 32, 32, 64, 64, 32, 32]
    short = float_skeleton(cut_depth(dense, "conv7").network)
    last_pool = [layer for layer in short.layers if isinstance(layer, MaxPool2D)][-1]
    assert (last_pool.input.shape, last_pool.output.shape) == ((8, 6, 64), (1, 1, 64))
