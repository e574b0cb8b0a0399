"""Seed faults into the firmware, one at a time, and show what finds each on the virtual board."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bring_up import Scenario, Task, bring_up, task
from benchmarks.faults import FAULTS, POWER_ON, Fault
from benchmarks.firmware import Change, make_firmware
from benchmarks.table import aligned
from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import EdgeL3DeployError
from edgel3_deploy.image.layout import flash_layout
from tests.graph.models import ModelBuilder

SOUND = "none"
_SHAPE = (12, 10, 1)
_WORKERS = 2
_LONGEST = 90
SHORT_WATCHDOGS = (
    Change("firmware/loader/main.c", "#define WATCHDOG_MS 8000u", "#define WATCHDOG_MS 1000u"),
    Change("firmware/application/main.c", "#define WATCHDOG_MS WATCHDOG_MAX_MS", "#define WATCHDOG_MS 1000u"),
)
"""In every image, the sound one too: a watchdog that nobody feeds bites within the bring-up."""


@dataclass(frozen=True)
class Trial:
    """A bring-up of one board in one scenario with a fault, None for the sound image."""

    board: str
    scenario: Scenario
    fault: Fault | None


@dataclass(frozen=True)
class Finding:
    """`noticed` is what the bring-up met, first things first; nothing if all went well."""

    trial: Trial
    noticed: tuple[str, ...]

    @property
    def as_it_should_be(self) -> bool:
        """A fault was found, or the sound image was not blamed."""
        return bool(self.noticed) == (self.trial.fault is not None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code is 1 if a fault is not found, or the sound image is blamed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeded_faults", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            findings = list(run(trials(FAULTS), Path(folder)))
    except EdgeL3DeployError as error:
        print(f"seeded_faults: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return int(error.exit_code)
    print(json.dumps(_json(findings), indent=2) if options.json else table(findings))
    return 0 if all(finding.as_it_should_be for finding in findings) else 1


def trials(faults: Sequence[Fault]) -> list[Trial]:
    """Each fault on each of its boards, after the sound image in every scenario that they need."""
    seeded = [Trial(board, fault.scenario, fault) for fault in faults for board in fault.boards]
    sound = dict.fromkeys(Trial(trial.board, trial.scenario, None) for trial in seeded)
    return [*sound, *seeded]


def run(planned: Sequence[Trial], folder: Path) -> Iterator[Finding]:
    """The findings in the order of `planned`. Each worker keeps the objects of its builds below `folder`."""
    model = _model()
    wanted = task(model, _SHAPE)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_WORKERS, mp_context=context) as pool:
        yield from pool.map(partial(examine, model=model, wanted=wanted, folder=folder), planned)


def examine(trial: Trial, *, model: bytes, wanted: Task, folder: Path) -> Finding:
    """Build what the trial asks for and bring it up. Raises what building raises."""
    board = load_board(trial.board)
    changes = [*SHORT_WATCHDOGS, *trial.scenario.others]
    if trial.fault:
        changes.append(trial.fault.change)
    place = folder / f"{multiprocessing.current_process().name}-{board.name}"
    firmware = make_firmware(board, flash_layout(board, 1), model, place, changes=changes)
    return Finding(trial, tuple(bring_up(firmware, trial.scenario, wanted)))


def table(findings: Sequence[Finding]) -> str:
    """What was found by what, as Markdown."""
    rows = [("fault", "board", "found by")]
    for finding in findings:
        trial = finding.trial
        where = trial.board if trial.scenario == POWER_ON else f"{trial.board}, {trial.scenario.name}"
        rows.append((_name(trial), where, finding.noticed[0][:_LONGEST] if finding.noticed else "-"))
    return aligned(rows)


def _name(trial: Trial) -> str:
    return trial.fault.name if trial.fault else SOUND


def _json(findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "faults": sum(finding.trial.fault is not None for finding in findings),
        "found": sum(finding.trial.fault is not None and bool(finding.noticed) for finding in findings),
        "trials": [
            {
                "fault": _name(finding.trial),
                "board": finding.trial.board,
                "scenario": finding.trial.scenario.name,
                "noticed": list(finding.noticed),
            }
            for finding in findings
        ],
    }


def _model() -> bytes:
    """A convolution, a pooling and a dense layer: small, with work for every kind of memory."""
    builder = ModelBuilder(_SHAPE).conv2d(8, activation="RELU").max_pool2d()
    return builder.reshape((6 * 5 * 8,)).fully_connected(16).build()


if __name__ == "__main__":
    sys.exit(main())
