"""The report of a validation: JSON for tools, HTML for people, arrays for both, lines for the console."""

from edgel3_deploy.report.console import summary
from edgel3_deploy.report.write import write_report

__all__ = ["summary", "write_report"]
