"""Budget and versions, as far as the build folder tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy import __version__
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.pipeline.prepared import PreparedBuild
from edgel3_deploy.validate.provenance import read_budget, versions


def test_the_budget_names_flash_ram_and_regions(build: PreparedBuild) -> None:
    names = [row.name for row in read_budget(build.directory)]
    assert names == ["flash", "RAM", *(region.name for region in load_board("stm32f7").ram)]


BUDGET = '{"flash": {"used": %s, "limit": 9}, "ram": {"used": 1, "limit": 2, "regions": {}}}'
BAD_NUMBERS = ("Infinity", "-Infinity", "NaN", "-1", "1.5", '""', "[]", "null", "true", "1" * 400)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"flash": 3}', '{"flash": {}, "ram": {"regions": {}}}', "[" * 100_000),
        '{"flash": {}, "ram": {"regions": []}}',
        *(BUDGET % number for number in BAD_NUMBERS),
    ],
)
def test_a_damaged_budget_is_left_out(tmp_path: Path, content: str) -> None:
    (tmp_path / "budget.json").write_text(content)
    assert read_budget(tmp_path) == ()


def test_versions_of_host_and_build_are_told_apart() -> None:
    found = versions({"arm-none-eabi-gcc": "12.2"})
    assert found["edgel3-deploy (validation)"] == __version__
    assert found["arm-none-eabi-gcc (build)"] == "12.2"
    assert "numpy" in found
