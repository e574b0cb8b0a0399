"""Entry point: finds the command, and turns every error into one line, a hint and an exit code."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import click

from edgel3_deploy import __version__
from edgel3_deploy.cli.groups import Group, with_examples
from edgel3_deploy.cli.output import colour, emit_json
from edgel3_deploy.errors import EdgeL3DeployError, ExitCode, UsageError
from edgel3_deploy.link.text import printable

PROGRAM = "edgel3-deploy"
COMMANDS = {
    "models": "models",
    "boards": "boards",
    "doctor": "doctor",
    "embed": "embed",
    "specialize": "specialize",
    "prune": "prune",
    "quantize": "quantize",
    "head": "head",
    "check": "check",
    "plan": "plan",
    "explore": "explore",
    "build": "build",
    "export": "export",
    "flash": "flash",
    "emulate": "emulate",
    "validate": "validate",
    "settings": "settings",
    "listen": "listen",
    "report": "report",
}
"""Command name -> module of `edgel3_deploy.cli` that defines an object `command`."""


class LazyGroup(Group):
    """Imports a command's module when it is asked for, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"edgel3_deploy.cli.{COMMANDS[cmd_name]}")
        command = module.command
        assert isinstance(command, click.Command)
        return with_examples(cmd_name, command)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Who read stdout has seen enough. click would end with code 1, which here means a bug, and the
            # interpreter's own flush at exit would complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(int(ExitCode.OK))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgel3-deploy")
def application() -> None:
    """EdgeL3 audio embeddings on Cortex-M7: quantize, check, build, flash and validate bit by bit."""


def _show_error(error: EdgeL3DeployError) -> None:
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True, color=colour())
    click.echo(printable(error.message), err=True)
    if error.hint:
        click.secho(printable(error.hint), dim=True, err=True, color=colour())


def _emit_error(error: EdgeL3DeployError) -> None:
    """The error as JSON on stdout, after the verdict if it has one."""
    verdict = getattr(error, "verdict", None)
    content = {"error": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
    with contextlib.suppress(OSError):
        emit_json("error", {**(verdict or {}), **content})


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(arguments: list[str]) -> int:
    """Run the command line `arguments` and return the process exit code."""
    shown: EdgeL3DeployError
    try:
        # click returns the code of ctx.exit() here, and None from a command that ran to its end.
        code = application.main(arguments, prog_name=PROGRAM, standalone_mode=False, color=colour())
        return code or int(ExitCode.OK)
    except click.ClickException as error:
        error.show()
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else PROGRAM
        shown = UsageError(error.format_message(), f"`{command} --help` lists what there is.")
    except (KeyboardInterrupt, click.Abort):
        click.secho("Interrupted.", err=True)
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        shown = _explained(error)
        _show_error(shown)
    if "--json" in arguments:
        _emit_error(shown)
    return int(shown.exit_code)


def _explained(error: Exception) -> EdgeL3DeployError:
    """The error to show for `error`, which is raised again if EDGEL3_DEPLOY_DEBUG asks for tracebacks."""
    if isinstance(error, EdgeL3DeployError):
        return error
    if os.environ.get("EDGEL3_DEPLOY_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.strerror:
        return UsageError(
            f"{error.filename or 'the output'}: {error.strerror}",
            "Check the path, its permissions and the space on the disk.",
        )
    if isinstance(error, MemoryError) or "unable to allocate" in str(error).lower():
        return UsageError(
            "not enough memory", "Close other programs, raise `ulimit -v`, or give less at once."
        )
    return EdgeL3DeployError(
        f"internal error: {type(error).__name__}: {error}",
        "This is a bug. EDGEL3_DEPLOY_DEBUG=1 shows the traceback; please report it.",
    )


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def main() -> None:
    """Console-script entry point."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, _terminate)
    # Where a stream is closed (`>&-`), or there is no console, Python has none; commands write and ask it.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    # Planning makes frozen values by the hundred thousand, which are never part of a cycle.
    gc.set_threshold(50_000)
    sys.exit(run(sys.argv[1:]))
