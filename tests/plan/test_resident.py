"""Residents: the steps that save most by a byte of RAM come first, and no region is filled over."""

from __future__ import annotations

import pytest

from edgel3_deploy.plan.resident import choose_residents
from edgel3_deploy.plan.resident_weights import weight_candidates
from tests.plan.test_resident_weights import GROUPS


@pytest.mark.parametrize("free", [{"a": 100}, {"a": 70_000}, {"a": 70_000, "b": 200_000}, {"a": 1 << 20}])
@pytest.mark.parametrize("used", [0, 40, 30_000])
def test_regions_are_filled_behind_the_arenas_and_never_over(free: dict[str, int], used: int) -> None:
    arenas = {"a": min(used, free["a"])}
    found = weight_candidates(GROUPS, "instructions")
    kept, grown = choose_residents(found, arenas, free, 1 << 30, "instructions", GROUPS)
    assert all(grown[region] <= free[region] for region in grown)
    end = dict(arenas)
    for item in kept:
        assert item.place.offset >= end.get(item.place.region, 0)
        assert item.place.offset % 16 == 0
        end[item.place.region] = item.place.offset + item.place.size
    assert kept or max(free.values()) <= 70_000


def test_all_arenas_together_keep_to_a_limit() -> None:
    found = weight_candidates(GROUPS, "instructions")
    kept, grown = choose_residents(found, {"a": 5_000}, {"a": 1 << 20}, 200_000, "instructions", GROUPS)
    assert kept
    assert sum(grown.values()) <= 200_000


def test_what_saves_most_per_byte_comes_first() -> None:
    found = weight_candidates(GROUPS, "instructions")
    best = max(found, key=lambda item: item.worth)
    limit = best.bytes[-1] + 16
    kept, _ = choose_residents(found, {}, {"a": limit}, limit, "instructions", GROUPS)
    assert [item.step for item in kept] == [best.step]
    assert kept[0].saves == int(best.saves[-1])
