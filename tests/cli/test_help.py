"""Every command shows examples that it understands, and what is misspelt gets a suggestion."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from edgel3_deploy.cli import main
from edgel3_deploy.cli.examples import EXAMPLES
from edgel3_deploy.errors import ExitCode


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Full names and commands, those of subgroups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")


ALL = dict(commands(main.application))
LINES = sorted({line for lines in EXAMPLES.values() for line in lines})


@pytest.mark.parametrize("name", ALL)
def test_help_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*name.split(), "--help"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert f"edgel3-deploy {name}" in shown.split("Examples:")[1]


@pytest.mark.parametrize("line", LINES)
def test_examples_are_understood(line: str) -> None:
    """Names, options and choices exist; nothing runs."""
    program, *arguments = shlex.split(line)
    assert program == main.PROGRAM
    context = click.Context(main.application, info_name=program)
    command: click.Command = main.application
    while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        found = command.get_command(context, arguments.pop(0))
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    parsed = command.make_parser(context).parse_args(arguments)
    assert not parsed[1] or isinstance(command, click.Group)
    for parameter in command.params:
        value = parsed[0].get(parameter.name or "")
        if isinstance(value, str):
            parameter.type_cast_value(context, value)
    assert all(parsed[0].get(parameter.name or "") for parameter in command.params if parameter.required)


def test_examples_are_of_commands_that_there_are() -> None:
    assert set(EXAMPLES) == set(ALL)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("bild",), "Did you mean build?"),
        (("Validate",), "Did you mean validate?"),
        (("bord",), "Did you mean boards?"),
        (("head", "trian"), "Did you mean train?"),
        (("models", "pul"), "Did you mean pull?"),
    ],
)
def test_a_misspelt_command_gets_a_suggestion(
    arguments: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(list(arguments)) == ExitCode.USAGE
    assert meant in capsys.readouterr().err


def test_what_is_like_nothing_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["xyzzy"]) == ExitCode.USAGE
    assert "Did you mean" not in capsys.readouterr().err


def test_hints_name_the_command_whose_help_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["build", "--nonsense", "--json"]) == ExitCode.USAGE
    assert '"`edgel3-deploy build --help` lists what there is."' in capsys.readouterr().out
