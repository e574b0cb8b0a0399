"""Write the report's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgel3_deploy import schemas
from edgel3_deploy.fileio import write_atomically
from edgel3_deploy.report.arrays import to_npz
from edgel3_deploy.report.html_report import to_html
from edgel3_deploy.report.json_report import to_json
from edgel3_deploy.report.junit import to_junit
from edgel3_deploy.report.markdown import to_markdown
from edgel3_deploy.validate.result import Report

JSON_NAME = "report.json"
MARKDOWN_NAME = "report.md"
JUNIT_NAME = "junit.xml"
HTML_NAME = "report.html"
ARRAYS_NAME = "outputs.npz"


def write_report(report: Report, directory: Path) -> dict[str, Any]:
    """Write all files of a report into `directory`; return the content of report.json.

    All contents exist before the first file is replaced, and each file is replaced as a whole. Raises
    UsageError if the folder cannot be written.
    """
    content = schemas.document("report", to_json(report))
    files = {
        ARRAYS_NAME: to_npz(report),
        HTML_NAME: to_html(report).encode(),
        MARKDOWN_NAME: to_markdown(report).encode(),
        JUNIT_NAME: to_junit(report),
        JSON_NAME: schemas.file_bytes("report", content),
    }
    for name, data in files.items():
        write_atomically(directory / name, data)
    return content
