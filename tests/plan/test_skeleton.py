"""Family members by shape alone."""

from __future__ import annotations

import pytest

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.models.family import FAMILY, Member
from edgel3_deploy.plan.skeleton import skeleton


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
