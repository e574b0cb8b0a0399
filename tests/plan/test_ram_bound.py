"""What the shapes of layers say about RAM agrees with the search."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.ir import Network
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.candidates import operations
from edgel3_deploy.plan.ram_bound import buffers_fit
from edgel3_deploy.plan.search import choose, options
from edgel3_deploy.plan.skeleton import shaped, skeleton, sparser
from tests.plan.chains import networks

SMALL = shaped("small", (37, 23), (8, 12, 16, 12), (0, 70, 99.5, 0))


def has_way(network: Network, ram: int) -> bool:
    return choose(options(network), len(operations(network)), ram, None) is not None


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 4_000))
def test_where_buffers_do_not_fit_there_is_no_way(network: Network, ram: int) -> None:
    if operations(network) and not buffers_fit(network, ram):
        assert not has_way(network, ram)


@pytest.mark.parametrize("network", [SMALL, skeleton(member("sea-64"))], ids=["small", "sea-64"])
def test_the_bound_is_near_what_is_found(network: Network) -> None:
    least = next(ram for ram in range(0, 1 << 19, 256) if buffers_fit(network, ram))
    assert not has_way(network, least - 256)
    assert has_way(network, least * 5 // 4)


def test_zeros_do_not_change_it() -> None:
    shapes = [sparser(SMALL, percent) for percent in (0, 50, 99)]
    for ram in range(0, 20_000, 500):
        assert len({buffers_fit(shape, ram) for shape in shapes}) == 1
