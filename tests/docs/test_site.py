"""The site's table of contents has every page once; `make docs` builds it with warnings as errors."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"


def test_every_page_is_in_the_contents_once() -> None:
    blocks = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    listed = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
    pages = {path.stem for path in [*DOCS.glob("*.md"), *DOCS.glob("*.rst")]} - {"index"}
    assert len(listed) == len(set(listed))
    assert set(listed) == pages


def test_every_environment_variable_is_listed() -> None:
    table = (DOCS / "environment.md").read_text()
    sources = [*(REPOSITORY / "edgel3_deploy").rglob("*.py"), *(REPOSITORY / "tests").rglob("*.py")]
    used = {name for path in sources for name in re.findall(r"EDGEL3_DEPLOY_[A-Z_]*[A-Z]", path.read_text())}
    assert {name for name in used if f"{name}`" not in table} == set()


def test_the_citation_names_both_papers_and_this_version() -> None:
    from edgel3_deploy import __version__

    citation = (REPOSITORY / "CITATION.cff").read_text()
    assert f"version: {__version__}\n" in citation
    assert "Mote-Scale Urban Noise Monitoring" in citation
    assert "Specialized Embedding Approximation" in citation
