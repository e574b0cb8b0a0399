"""report.html: one self-contained page that a person can read, print and keep."""

from __future__ import annotations

from edgel3_deploy.report.view import view
from edgel3_deploy.templating import template_environment
from edgel3_deploy.validate.result import Report

TEMPLATE = "report.html.j2"


def to_html(report: Report) -> str:
    """The page. All names from outside (files, models, boards, versions) are escaped."""
    environment = template_environment(escape_html=True)
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["figures"] = lambda value, digits: f"{value:.{digits}g}"
    return environment.get_template(TEMPLATE).render(view(report))
