"""Pruning: what is left out is what matters least, and what stays computes what it did."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgel3_deploy.compress.pruning import (
    PLANS,
    WIDTH_PLANS,
    cut_depth,
    parse_plan,
    prune_filters,
    prune_weights,
)
from edgel3_deploy.errors import UsageError
from edgel3_deploy.models.forward import forward
from edgel3_deploy.models.network import FloatNetwork


@pytest.fixture
def spectrograms() -> np.ndarray:
    return np.random.default_rng(0).uniform(-80, 0, (2, 64, 50)).astype(np.float32)


@pytest.mark.parametrize("plan", PLANS)
def test_published_plans_give_l3_the_sparsity_they_are_named_after(plan: str) -> None:
    widths = (1, 64, 64, 128, 128, 256, 256, 512, 512)
    sizes = [9 * before * after for before, after in itertools.pairwise(widths)]
    zeros = sum(size * share / 100 for size, share in zip(sizes, PLANS[plan], strict=True))
    assert 100 * zeros / sum(sizes) == pytest.approx(float(plan), abs=0.35)


def test_the_least_weights_go(teacher: FloatNetwork) -> None:
    pruned = prune_weights(teacher, PLANS["95.45"])
    for before, after, mask, share in zip(
        teacher.convs, pruned.network.convs, pruned.masks, PLANS["95.45"], strict=True
    ):
        assert np.count_nonzero(mask == 0) == round(mask.size * share / 100)
        np.testing.assert_array_equal(after.weights, before.weights * mask)
        if share:
            assert np.abs(before.weights[mask == 0]).max() <= np.abs(before.weights[mask == 1]).min()


def test_of_equal_weights_the_first_go(teacher: FloatNetwork) -> None:
    equal = [replace(conv, weights=np.sign(conv.weights)) for conv in teacher.convs]
    for mask in prune_weights(replace(teacher, convs=tuple(equal)), [40] * len(equal)).masks:
        np.testing.assert_array_equal(mask.ravel(), np.arange(mask.size) >= round(mask.size * 0.4))


def test_dropped_filters_leave_what_zeroed_ones_leave(
    teacher: FloatNetwork, spectrograms: np.ndarray
) -> None:
    pruned = prune_filters(teacher, (0, 25, 50, 50, 50, 50, 50, 25))
    convs = []
    for conv, kept in zip(teacher.convs, pruned.kept, strict=True):
        dropped = np.setdiff1d(np.arange(conv.bias.size), kept)
        weights, bias = conv.weights.copy(), conv.bias.copy()
        weights[..., dropped], bias[dropped] = 0, 0
        convs.append(type(conv)(conv.name, weights, bias, conv.relu))
    zeroed = type(teacher)("zeroed", "sea", 64, 50, teacher.input_gain, teacher.input_offset, tuple(convs))
    assert [conv.bias.size for conv in pruned.network.convs] == [4, 3, 2, 2, 4, 4, 4, 6]
    np.testing.assert_allclose(
        forward(pruned.network, spectrograms),
        forward(zeroed, spectrograms)[:, pruned.kept[-1]],
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(("depth", "width"), [("conv7", 8), ("conv6", 8), ("conv5", 8)])
def test_a_shorter_network_embeds_from_an_earlier_layer(
    depth: str, width: int, teacher: FloatNetwork, spectrograms: np.ndarray
) -> None:
    shorter = cut_depth(teacher, depth).network
    assert len(shorter.convs) == int(depth[-1])
    assert forward(shorter, spectrograms).shape == (2, width)


def test_plans_are_parsed() -> None:
    assert parse_plan("95.45", PLANS, 8) == PLANS["95.45"]
    assert parse_plan("half", WIDTH_PLANS, 8)[1] == 25
    assert parse_plan("0,1,2,3.5,4,5,6,7", PLANS, 8)[3] == 3.5


@given(st.text(alphabet="0123456789.,-na ", max_size=30))
def test_other_plans_are_refused(text: str) -> None:
    try:
        plan = parse_plan(text, PLANS, 8)
    except UsageError as error:
        assert "pruning plan" in error.message
    else:
        assert len(plan) == 8
        assert all(0 <= share < 100 for share in plan)
