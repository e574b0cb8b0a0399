"""Jinja over the templates of this package: missing values are errors, lines of statements leave no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgel3_deploy.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment


def template_environment(*, escape_html: bool, keep_trailing_newline: bool = False) -> Environment:
    """An environment of its own, for filters; with `escape_html` what comes from outside is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=escape_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
    )
