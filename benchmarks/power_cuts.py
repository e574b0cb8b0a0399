"""Cut the power of a virtual board during updates, and count what does not recover."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.firmware import Change, make_firmware
from benchmarks.interrupted_update import After, Cut, Fate, Update, interrupt, prepare
from benchmarks.table import aligned
from edgel3_deploy.boards import load_board
from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import EdgeL3DeployError
from edgel3_deploy.image.layout import flash_layout
from tests.graph.models import ModelBuilder

SLOTS = {"one": 1, "two": 2}
_WORKERS = 2
_INPUTS = 400
"""Of one dense layer, whose weights alone fill a sector: the image spans more than one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code is 1 if a board was lost, started half an image or did not recover."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_cuts", description=__doc__)
    parser.add_argument("--board", required=True, help="a board with a loader and a virtual board")
    parser.add_argument("--cuts", type=_positive, default=20, help="how many (default %(default)s)")
    parser.add_argument("--slots", choices=SLOTS, default="one", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            update = prepare_update(load_board(options.board), SLOTS[options.slots], Path(folder))
            fates = []
            for fate in run(update, options.cuts, options.seed):
                fates.append(fate)
                for remark in remarks(fate, two_slots=options.slots == "two"):
                    print(f"power_cuts: {fate.cut.phase}, seed {fate.cut.seed}: {remark}", file=sys.stderr)
    except EdgeL3DeployError as error:
        print(f"power_cuts: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)
    result = summary(fates, two_slots=options.slots == "two")
    print(json.dumps(result, indent=2) if options.json else table(result))
    return 0 if is_right(result) else 1


def prepare_update(board: Board, slots: int, folder: Path, changes: Sequence[Change] = ()) -> Update:
    """Build two versions of an image that spans sectors, with `changes`, and measure an update."""
    layout = flash_layout(board, slots)
    weights = next(sector.size for sector in board.sectors if sector.origin == layout.slots[0].origin)
    old, new = (
        make_firmware(
            board,
            layout,
            dense_model(weights, version),
            folder / f"{version}",
            version=version,
            changes=changes,
        )
        for version in (1, 2)
    )
    return prepare(old, new, folder / "flash.bin")


def run(update: Update, cuts: int, seed: int) -> Iterator[Fate]:
    """The fates of as many boards, every phase in turn; the same arguments cut at the same points."""
    phases = update.phases
    planned = [Cut(phases[number % len(phases)], seed * 1_000_000 + number) for number in range(cuts)]
    # A fresh interpreter: this process may have threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
        yield from pool.map(partial(interrupt, update), planned)


def remarks(fate: Fate, *, two_slots: bool) -> list[str]:
    """What was wrong with one board, or unexpected; nothing if all was well."""
    found = []
    if fate.early:
        found.append(f"before the cut the update failed by itself: {fate.early}")
    if fate.after in (After.NOBODY, After.HALF_WRITTEN) or (two_slots and fate.after is After.LOADER):
        found.append(f"after the cut {fate.after.value} answers")
    if fate.problem:
        found.append(f"the same command again: {fate.problem}")
    return found


def summary(fates: Sequence[Fate], *, two_slots: bool) -> dict[str, Any]:
    """Counts over all fates, and by phase; with two slots `old_kept` too: a whole image ran after the cut."""
    phases = dict.fromkeys(fate.cut.phase for fate in fates)
    return {
        **_counts(fates, two_slots),
        "phases": {
            phase: _counts([fate for fate in fates if fate.cut.phase == phase], two_slots) for phase in phases
        },
    }


def is_right(result: dict[str, Any]) -> bool:
    """Whether nothing was lost."""
    every = (result["recovered"], result.get("old_kept", result["cuts"]))
    return all(count == result["cuts"] for count in every) and not (
        result["bricks"] or result["half_written_starts"]
    )


def table(result: dict[str, Any]) -> str:
    """The counts as Markdown."""
    keys = [key for key in result if key != "phases"]
    rows = {**result["phases"], "all": result}
    return aligned(
        [("phase", *keys), *((name, *(f"{row[key]}" for key in keys)) for name, row in rows.items())]
    )


def _counts(fates: Sequence[Fate], two_slots: bool) -> dict[str, int]:
    after = [fate.after for fate in fates]
    counts = {
        "cuts": len(fates),
        "bricks": after.count(After.NOBODY),
        "half_written_starts": after.count(After.HALF_WRITTEN),
        "recovered": sum(fate.recovered for fate in fates),
    }
    if two_slots:
        counts["old_kept"] = after.count(After.OLD) + after.count(After.NEW)
    return counts


def dense_model(weights: int, seed: int) -> bytes:
    """A .tflite of one dense layer with as many bytes of random weights, or a few more."""
    builder = ModelBuilder((20, 20, 1), seed=seed)
    return builder.reshape((_INPUTS,)).fully_connected(-(-weights // _INPUTS)).build()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
