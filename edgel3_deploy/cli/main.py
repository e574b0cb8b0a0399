"""Entry point: finds the command, and turns every error into one line, a hint and an exit code."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from types import FrameType

import click

from edgel3_deploy import __version__
from edgel3_deploy.errors import EdgeL3DeployError, ExitCode

COMMANDS = {
    "models": "models",
    "boards": "boards",
    "specialize": "specialize",
    "prune": "prune",
    "quantize": "quantize",
    "check": "check",
    "explore": "explore",
    "build": "build",
    "flash": "flash",
    "emulate": "emulate",
    "validate": "validate",
}
"""Command name -> module of `edgel3_deploy.cli` that defines an object `command`."""


class LazyGroup(click.Group):
    """Imports a command's module when it is asked for, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"edgel3_deploy.cli.{COMMANDS[cmd_name]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgel3-deploy")
def application() -> None:
    """EdgeL3 audio embeddings on Cortex-M7: quantize, check, build, flash and validate bit by bit."""


def _show_error(error: EdgeL3DeployError, as_json: bool) -> None:
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(error.message, err=True)
    if error.hint:
        click.secho(error.hint, dim=True, err=True)
    if as_json:
        verdict = getattr(error, "verdict", None)
        content = {"error": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
        click.echo(json.dumps({**(verdict or {}), **content}, indent=2))


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(arguments: list[str]) -> int:
    """Run the command line `arguments` and return the process exit code."""
    as_json = "--json" in arguments
    try:
        # click returns the code of ctx.exit() here, and None from a command that ran to its end.
        return application.main(arguments, prog_name="edgel3-deploy", standalone_mode=False) or int(
            ExitCode.OK
        )
    except EdgeL3DeployError as error:
        _show_error(error, as_json)
        return int(error.exit_code)
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        click.secho("Interrupted.", err=True)
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of stdout is gone; keep the interpreter's own flush at exit from complaining about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except Exception as error:
        if os.environ.get("EDGEL3_DEPLOY_DEBUG"):
            raise
        _show_error(
            EdgeL3DeployError(
                f"internal error: {type(error).__name__}: {error}",
                "This is a bug. EDGEL3_DEPLOY_DEBUG=1 shows the traceback; please report it.",
            ),
            as_json,
        )
        return int(ExitCode.INTERNAL)


def main() -> None:
    """Console-script entry point."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))
