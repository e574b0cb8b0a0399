"""What is over learns what would do, and no less would."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import OverBudgetError
from edgel3_deploy.models.family import member
from edgel3_deploy.plan.estimate import estimate_network
from edgel3_deploy.plan.front_end import without_front_end
from edgel3_deploy.plan.remedy import with_least_ram, with_least_sparsity, with_remedy
from edgel3_deploy.plan.schedule import schedule
from edgel3_deploy.plan.skeleton import skeleton, sparser

F7 = load_board("stm32f7")


def test_what_is_over_learns_how_many_zeros_would_do() -> None:
    dense = skeleton(member("sea-512"))
    judged = with_least_sparsity(estimate_network(dense, F7), dense, F7)
    assert judged.sparsity is not None
    assert f"It would fit with {judged.sparsity} % zeros" in judged.advice
    assert estimate_network(sparser(dense, judged.sparsity), F7).verdict == "fits"
    assert estimate_network(sparser(dense, judged.sparsity - 1), F7).verdict == "over"


@pytest.mark.parametrize(("name", "limit"), [("sea-64", 20 << 10), ("sparse-ft-95.45", 128 << 10)])
def test_a_limit_of_ram_that_is_too_low_learns_the_least_that_is_not(name: str, limit: int) -> None:
    network = skeleton(member(name))
    judged = with_remedy(estimate_network(network, F7, ram_limit=limit), network, F7, limit)
    assert judged.least_ram is not None
    assert judged.sparsity is None
    kilobytes = -(-judged.least_ram // 1024)
    assert f"It would fit with --ram {kilobytes}K" in judged.advice
    assert estimate_network(network, F7, ram_limit=kilobytes << 10).verdict == "fits"
    with pytest.raises(OverBudgetError) as caught:
        schedule(network, F7, ram_limit=(kilobytes - 1) << 10)
    assert caught.value.hint is not None
    assert caught.value.hint in judged.advice


def test_what_a_front_end_takes_is_said() -> None:
    network = skeleton(member("sea-64"))
    judged = with_remedy(estimate_network(network, F7, ram_limit=50 << 10), network, F7, 50 << 10)
    assert judged.least_ram is not None
    assert judged.least_ram_plain is not None
    saved = judged.least_ram - judged.least_ram_plain
    assert f"without front end (--no-front-end saves {saved:,} bytes) with --ram" in judged.advice
    assert estimate_network(without_front_end(network), F7, ram_limit=50 << 10).verdict == "fits"


def test_a_board_too_small_for_the_front_end_alone_is_told_to_leave_it_out() -> None:
    network = skeleton(member("sea-64"))
    small = tuple(replace(r, size=60 << 10) if r.kind == "ram" else r for r in F7.regions)
    board = replace(F7, regions=tuple(r for r in small if r.kind != "ram" or r.name == F7.main_ram))
    judged = with_remedy(estimate_network(network, board), network, board)
    assert judged.verdict == "over"
    assert "It would fit without the front end (--no-front-end)." in judged.advice


def test_what_fits_and_what_has_no_limit_needs_no_remedy() -> None:
    network = skeleton(member("sea-64"))
    fits = estimate_network(network, F7)
    assert with_remedy(fits, network, F7) == with_least_ram(fits, network, F7, 1 << 19) == fits


def test_no_limit_of_ram_helps_a_network_with_too_many_weights() -> None:
    network = skeleton(member("sea-512"))
    judged = with_least_ram(estimate_network(network, F7, ram_limit=1 << 18), network, F7, 1 << 18)
    assert judged.least_ram is None
