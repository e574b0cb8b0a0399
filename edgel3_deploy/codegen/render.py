"""Jinja, set up for C: missing values are errors, and what could break out of its place passes a filter."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment

from edgel3_deploy.codegen import ctext
from edgel3_deploy.templating import template_environment


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates of this package, with filters for text that is not an identifier."""
    environment = template_environment(escape_html=False, keep_trailing_newline=True)
    environment.filters["float32"] = ctext.float32
    environment.filters["comment"] = ctext.comment
    environment.filters["string"] = ctext.string
    environment.filters["hex_rows"] = ctext.hex_rows
    return environment


def render(template: str, **values: object) -> bytes:
    """The template of that file name under templates/, filled in, as UTF-8."""
    return environment().get_template(template).render(**values).encode()
