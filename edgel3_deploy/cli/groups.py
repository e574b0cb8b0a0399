"""Groups of commands that know what was probably meant, and show examples in their help."""

from __future__ import annotations

import difflib

import click

from edgel3_deploy.cli.examples import EXAMPLES


class Group(click.Group):
    """A group that suggests the nearest of its commands for one that it does not have."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0].lower(), self.list_commands(ctx), n=1, cutoff=0.5)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from error


def with_examples(name: str, command: click.Command) -> click.Command:
    """`command`, and what is below it, with the examples of its full name at the end of its help."""
    if name in EXAMPLES:
        lines = "\n".join(f"  {line}" for line in EXAMPLES[name])
        command.epilog = f"\b\nExamples:\n{lines}"
    if isinstance(command, click.Group):
        for each, below in command.commands.items():
            with_examples(f"{name} {each}", below)
    return command
