"""Seeded faults apply, some are found here, and the sound image is not blamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bring_up import Scenario
from benchmarks.faults import FAULTS, Fault
from benchmarks.firmware import Change, changed
from benchmarks.seeded_faults import SHORT_WATCHDOGS, Finding, Trial, run, table, trials
from edgel3_deploy.boards import load_board
from edgel3_deploy.codegen.firmware import application_files
from edgel3_deploy.codegen.loader import render_loader
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.image.layout import flash_layout

IN_CI = ("no flash wait states", "reset before the reply has left")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name}-{fault.boards[0]}")
def test_every_fault_changes_one_place(fault: Fault) -> None:
    for name in fault.boards:
        board = load_board(name)
        loader = render_loader(board, flash_layout(board, 1))
        files = application_files(board) | {f"loader/{path}": text for path, text in loader.items()}
        sound = changed(files, [*SHORT_WATCHDOGS, *fault.scenario.others])
        assert changed(sound, [fault.change]) != sound


def test_a_change_must_fit_exactly_once() -> None:
    files = {"firmware/a.c": b"one two two"}
    assert changed(files, [Change("firmware/a.c", "one", "1")])["firmware/a.c"] == b"1 two two"
    for old in ("two", "three"):
        with pytest.raises(BadInputError, match="times"):
            changed(files, [Change("firmware/a.c", old, "")])
    with pytest.raises(BadInputError, match=r"no firmware/b\.c"):
        changed(files, [Change("firmware/b.c", "one", "")])


@pytest.mark.slow
def test_some_faults_are_found_and_the_sound_image_is_clean(arm_gcc: Path, tmp_path: Path) -> None:
    pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")
    chosen = [fault for fault in FAULTS if fault.name in IN_CI and "stm32f7" in fault.boards]
    planned = [trial for trial in trials(chosen) if trial.board == "stm32f7"]
    findings = list(run(planned, tmp_path))
    assert [finding.trial.fault for finding in findings] == [None, *chosen]
    assert all(finding.as_it_should_be for finding in findings), findings
    wait_states, flush = (finding.noticed[0] for finding in findings[1:])
    assert "needs 7 flash wait states, 0 are set" in wait_states
    assert "stopped answering" in flush


def test_what_is_not_found_fails() -> None:
    scenario = Scenario()
    missed = Finding(Trial("stm32f7", scenario, FAULTS[0]), ())
    blamed = Finding(Trial("stm32f7", scenario, None), ("it does not answer",))
    assert not missed.as_it_should_be
    assert not blamed.as_it_should_be
    assert "it does not answer" in table([missed, blamed])
