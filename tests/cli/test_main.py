"""The command line as a user meets it: help, errors, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from edgel3_deploy.cli import main
from edgel3_deploy.errors import BadInputError, ExitCode, OverBudgetError

HEAVY = (
    "tensorflow",
    "numpy",
    "librosa",
    "h5py",
    "matplotlib",
    "unicorn",
    "serial",
    "ai_edge_litert",
    "tflite_micro",
)


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after `code`."""
    program = f"import sys\n{code}\nprint(','.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split(","))


def test_help_loads_nothing_heavy() -> None:
    loaded = modules_after("from edgel3_deploy.cli.main import run\nassert run(['--help']) == 0")
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([name, "--help"]) == 0
    assert f"Usage: edgel3-deploy {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["check", "flash", "validate", "build"])
def test_commands_start_without_tensorflow(name: str) -> None:
    assert "tensorflow" not in modules_after(
        f"from edgel3_deploy.cli.main import run\nrun(['{name}', '--help'])"
    )


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["bild"]) == ExitCode.USAGE
    assert "bild" in capsys.readouterr().err


def test_unknown_board_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["boards", "show", "stm32f8"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert "stm32f8" in error
    assert "stm32f7" in error


def test_validate_without_build_says_to_build(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    code = main.run(
        ["validate", "--board", "stm32f7", "--port", "virtual", "--build-dir", f"{tmp_path}/none"]
    )
    assert code == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert "edgel3-deploy build --board stm32f7" in error
    assert "Traceback" not in error


def _failing_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def fail(as_json: bool) -> None:
        raise error

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda self, ctx, name: fail)


def test_error_as_json_carries_verdict_and_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OverBudgetError("too large by 7 bytes", "use a smaller one")
    error.verdict = {"verdict": "over"}
    _failing_command(monkeypatch, error)
    assert main.run(["build", "--json"]) == ExitCode.OVER_BUDGET
    content = json.loads(capsys.readouterr().out)
    assert content == {
        "schema_version": 1,
        "kind": "error",
        "verdict": "over",
        "error": "too large by 7 bytes",
        "hint": "use a smaller one",
        "exit_code": int(ExitCode.OVER_BUDGET),
    }


def test_a_bug_is_one_line_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDGEL3_DEPLOY_DEBUG", raising=False)
    _failing_command(monkeypatch, ZeroDivisionError("oops"))
    assert main.run(["build"]) == ExitCode.INTERNAL
    error = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: oops" in error
    assert "Traceback" not in error


def test_interruption_has_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _failing_command(monkeypatch, KeyboardInterrupt())
    assert main.run(["build"]) == ExitCode.INTERRUPTED
    assert "Interrupted" in capsys.readouterr().err


def test_escape_sequences_do_not_reach_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _failing_command(monkeypatch, BadInputError("a\x1b[2K\rverdict: pass\n", "b\x9b31m"))
    assert main.run(["build"]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "Error: a\\x1b[2K\\rverdict: pass\\n\nb\\x9b31m\n"


@pytest.mark.parametrize("error", [MemoryError(), MemoryError("Unable to allocate 9 GiB")])
def test_too_little_memory_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: MemoryError
) -> None:
    _failing_command(monkeypatch, error)
    assert main.run(["build"]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("Error: not enough memory\n")


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("arguments", ["boards", "models --json", "check bundled --board stm32f7", "bild"])
def test_a_closed_stream_is_no_error_of_ours(stream: int, arguments: str) -> None:
    command = f"exec {sys.executable} -m edgel3_deploy {arguments} {stream}>&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == (ExitCode.USAGE if arguments == "bild" else ExitCode.OK)
    assert "internal error" not in done.stdout + done.stderr
    assert "Exception" not in done.stderr
