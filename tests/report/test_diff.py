"""What two reports tell differently."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.report.diff import Change, changes, read_report
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.report.write import write_report
from tests.report.sample import sample_report


def test_equal_results_at_other_times_do_not_differ() -> None:
    first = to_json(sample_report(finished="2026-01-01T00:00:00+00:00"))
    assert changes(first, to_json(sample_report(finished="2026-02-01T00:00:00+00:00"))) == ()


def test_verdict_layers_and_counters_are_told() -> None:
    before = to_json(sample_report(body="qemu"))
    after = to_json(sample_report(body="qemu", wrong=((2, 5),), counter=9_001_125))
    found = {change.name: change for change in changes(before, after)}
    assert found["verdict"] == Change("verdict", "pass", "fail")
    assert found["layers pool1: differing_windows"].after == 1
    counted = found["instructions per inference"]
    assert (counted.before, counted.after) == (8_001_000, 9_001_125)
    assert counted.relative == pytest.approx(0.125)
    assert "layers conv1: differing_windows" not in found


def test_what_only_one_has_is_told() -> None:
    found = {x.name: x for x in changes(to_json(sample_report()), to_json(sample_report(fidelity=None)))}
    assert found["metrics: cosine_min"].before == pytest.approx(0.99999, abs=1e-4)
    assert found["metrics: cosine_min"].after is None


def test_a_report_is_read_by_folder_or_file(tmp_path: Path) -> None:
    content = write_report(sample_report(), tmp_path)
    assert read_report(tmp_path) == content
    assert read_report(tmp_path / "report.json") == content


@pytest.mark.parametrize("content", ["", "[]", '{"verdict": "pass"}', "[" * 100_000, "\x00"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(BadInputError, match=r"report\.json is no report") as refused:
        read_report(tmp_path)
    assert len(refused.value.message.splitlines()) == 1
    with pytest.raises(BadInputError, match="no report can be read"):
        read_report(tmp_path / "absent.json")
