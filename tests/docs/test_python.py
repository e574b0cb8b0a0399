"""The examples of docs/python.md print what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def test_the_examples_print_what_is_shown(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs" / "python.md").read_text()
    blocks = re.findall(r"```(python|text)\n(.*?)```", page, re.DOTALL)
    program = "".join(text for kind, text in blocks if kind == "python")
    shown = "".join(text for kind, text in blocks if kind == "text")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == shown
