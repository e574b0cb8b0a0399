"""What idle RAM is filled with at start, so that an inference need not make it again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.plan.group import Group
from edgel3_deploy.plan.lane_cost import INSTRUCTIONS
from edgel3_deploy.plan.list_choice import by_use
from edgel3_deploy.plan.measure import RATES, Measure, group_costs
from edgel3_deploy.plan.place import Place, padded

LEAST_GAIN = 0.005
"""Share of an inference's cost that a resident must save."""
Content = Literal["lists", "weights"]


@dataclass(frozen=True)
class ResidentCandidate:
    """What RAM could hold for the step that begins with operation `step`.

    `bytes` and `gains` are running totals: entry n is for the first n * `grain` output channels. Gains are
    modelled cost of an inference; `saves` is the same in instructions.
    """

    step: int
    what: Content
    bytes: tuple[int, ...]
    gains: tuple[float, ...]
    saves: tuple[float, ...]
    grain: int = 1

    @property
    def worth(self) -> float:
        """Gain per byte."""
        return self.gains[-1] / max(self.bytes[-1], 1)


@dataclass(frozen=True)
class Resident:
    """RAM of its own that is filled at start for the step that begins with operation `step`.

    `what`: the lists of its first `channels` output channels decoded to taps, or their weights transformed.
    `saves`: modelled instructions of an inference against decoding or transforming each time.
    """

    step: int
    what: Content
    channels: int
    place: Place
    saves: int


def list_candidates(groups: Sequence[Group], by: Measure) -> tuple[ResidentCandidate, ...]:
    """The sparse steps' decoded lists, against lists of bytes."""
    return tuple(
        ResidentCandidate(
            step.index,
            "lists",
            tuple(8 * taps for taps in sizes.taps),
            _gains(sizes.taps, sizes.pairs, met, RATES[by].resident_tap, RATES[by].pair(sizes.wide)),
            _gains(sizes.taps, sizes.pairs, met, INSTRUCTIONS.resident_tap, INSTRUCTIONS.pair(sizes.wide)),
        )
        for step, met in by_use(groups)
        if (sizes := step.lists) is not None
    )


def _gains(taps: Sequence[int], pairs: Sequence[int], met: int, tap: float, pair: float) -> tuple[float, ...]:
    return tuple(met * (pair * b - tap * a) for a, b in zip(taps, pairs, strict=True))


def choose_residents(
    candidates: Sequence[ResidentCandidate],
    arenas: Mapping[str, int],
    free: Mapping[str, int],
    most: int,
    by: Measure,
    groups: Sequence[Group],
) -> tuple[tuple[Resident, ...], dict[str, int]]:
    """What is worth most per byte first, as many channels as fit, and the arenas with it behind.

    What saves less than LEAST_GAIN of the cost of all `groups` is left out.

    Each lies behind what `arenas` hold in a region of `free` bytes; all arenas together take at most `most`.
    """
    least = LEAST_GAIN * sum(sum(group_costs(members, by)) for members in groups)
    grown = dict(arenas)
    chosen = []
    for candidate in sorted(candidates, key=lambda found: (-found.worth, found.step)):
        left = most - sum(padded(size) for size in grown.values())
        room = {region: min(size - padded(grown.get(region, 0)), left) for region, size in free.items()}
        whole = [region for region in room if room[region] >= padded(candidate.bytes[-1])]
        region = whole[0] if whole else max(room, key=lambda name: room[name])
        count = max(n for n, size in enumerate(candidate.bytes) if n == 0 or padded(size) <= room[region])
        if candidate.gains[count] <= least:
            continue
        offset, size = padded(grown.get(region, 0)), candidate.bytes[count]
        place = Place(
            f"operation {candidate.step}'s {candidate.what}", region, offset, size, 0, len(groups) - 1
        )
        channels = count * candidate.grain
        chosen.append(Resident(candidate.step, candidate.what, channels, place, int(candidate.saves[count])))
        grown[region] = offset + padded(size)
    return tuple(chosen), grown


def resident_channels(residents: Sequence[Resident], what: Content) -> dict[int, int]:
    """Output channels of which something is resident, by step."""
    return {found.step: found.channels for found in residents if found.what == what}
