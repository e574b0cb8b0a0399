"""llvm-mca's summary, and the code that it is given."""

from __future__ import annotations

import pytest

from benchmarks.mca import Cost, cost, find_mca, parse
from edgel3_deploy.errors import MissingDependencyError, ToolchainError

SUMMARY = """\
Iterations:        200
Instructions:      5200
Total Cycles:      4002
Total uOps:        5200

Dispatch Width:    2
IPC:               1.30
"""


def test_the_summary_gives_one_iteration() -> None:
    assert parse(SUMMARY) == Cost(instructions=26, cycles=20.01)


@pytest.mark.parametrize(
    "output", ["", "Iterations: 0\nInstructions: 0\nTotal Cycles: 0\n", "Usage: llvm-mca"]
)
def test_another_output_is_an_error(output: str) -> None:
    with pytest.raises(ToolchainError):
        parse(output)


def test_an_absent_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingDependencyError, match="llvm-mca") as caught:
        find_mca()
    assert "llvm" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "instructions"),
    [
        (("smlad r6, r2, r4, r6", "ldr r5, [r1, #4]"), 2),
        (("cmp r4, r6, lsl #1", "it lt", "movlt r4, r6, lsl #1"), 3),
        (("cmp r4, r6", "it ge", "movge r4, r6"), 3),
    ],
)
def test_every_line_is_counted(code: tuple[str, ...], instructions: int) -> None:
    try:
        mca = find_mca()
    except MissingDependencyError as error:
        pytest.skip(error.message)
    assert cost(mca, code).instructions == instructions


def test_code_that_cannot_be_assembled_is_an_error_and_not_left_out() -> None:
    try:
        mca = find_mca()
    except MissingDependencyError as error:
        pytest.skip(error.message)
    with pytest.raises(ToolchainError):
        cost(mca, ("add r0, r0, r1", "no such thing"))
