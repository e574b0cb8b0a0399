"""Jinja, set up for pages: missing values are errors, and all that comes from outside is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgel3_deploy.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment


def html_environment() -> Environment:
    """The templates of this package, for HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
