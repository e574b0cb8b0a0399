"""report.md: the result as text that a forge or a wiki shows."""

from __future__ import annotations

import re

from edgel3_deploy.report.console import summary
from edgel3_deploy.report.view import view
from edgel3_deploy.templating import template_environment
from edgel3_deploy.validate.result import Report

TEMPLATE = "report.md.j2"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def to_markdown(report: Report) -> str:
    """The text. What comes from outside (names of files, models, boards) stands there unformatted."""
    environment = template_environment(escape_html=False)
    environment.filters["md"] = escape
    return environment.get_template(TEMPLATE).render({**view(report), "lines": summary(report)})


def escape(text: object) -> str:
    """Text in one line in which Markdown and HTML see nothing of theirs."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))
