"""Every report says what it does not prove, for its own kind of board."""

from __future__ import annotations

import pytest

from edgel3_deploy.report.limits import limits
from edgel3_deploy.validate.result import Body
from tests.report.sample import sample_report


@pytest.mark.parametrize(
    ("body", "admits"), [("unicorn", "no proof for a chip"), ("qemu", "not cycles"), ("silicon", "energy")]
)
def test_each_kind_of_board_has_its_limit(body: Body, admits: str) -> None:
    text = " ".join(limits(sample_report(body=body)))
    assert admits in text
    assert "5 windows" in text
    assert "front end ran on the host" in text


def test_nothing_is_said_of_a_comparison_that_was_not_made() -> None:
    assert "classifier" in " ".join(limits(sample_report()))
    assert "classifier" not in " ".join(limits(sample_report(fidelity=None)))
