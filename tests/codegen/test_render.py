"""A value that a template misses is an error, never an empty place in C."""

from __future__ import annotations

import pytest
from jinja2 import TemplateError, UndefinedError

from edgel3_deploy.codegen.render import environment, render
from edgel3_deploy.resources import templates_dir

C_TEMPLATES = sorted(
    path.name for path in templates_dir().glob("*.j2") if ".html" not in path.name and ".md" not in path.name
)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("build_id.c.j2")


def test_values_are_filled_in() -> None:
    assert b"0x01, 0x02," in render("build_id.c.j2", build_id=bytes([1, 2]))


@pytest.mark.parametrize("name", C_TEMPLATES)
def test_every_project_template_is_valid_jinja(name: str) -> None:
    try:
        environment().get_template(name)
    except TemplateError as error:
        pytest.fail(f"{name}: {error}")
