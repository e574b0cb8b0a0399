"""docs/exit-codes.md against the enumeration."""

from __future__ import annotations

import re
from pathlib import Path

from edgel3_deploy.errors import ExitCode


def test_every_exit_code_is_documented(repository: Path) -> None:
    page = (repository / "docs" / "exit-codes.md").read_text()
    documented = {
        int(code): name for code, name in re.findall(r"^\| (\d+) \| ([a-z ]+) \|", page, re.MULTILINE)
    }
    assert documented == {int(code): code.name.lower().replace("_", " ") for code in ExitCode}
