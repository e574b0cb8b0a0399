"""A virtual board as a child process, for commands that need one while they run."""

from __future__ import annotations

import contextlib
import json
import pickle
import subprocess
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from edgel3_deploy import errors
from edgel3_deploy.boards.board import Board
from edgel3_deploy.child import python_command
from edgel3_deploy.emulate.options import Quirks, check_quirks
from edgel3_deploy.emulate.serve import Outcome, check
from edgel3_deploy.emulate.stm32.gpio import Pin
from edgel3_deploy.emulate.stm32.power_cut import PowerCut
from edgel3_deploy.errors import EdgeL3DeployError, LinkError

_STOP_SECONDS = 30.0
"""Only for one that hangs: who is killed keeps no account of its flash."""


class VirtualBoard:
    """A running virtual board. Leaving the context switches it off.

    `port` is the path of its virtual COM port, `adapter_port` that of a serial adapter on the pins of the ROM
    bootloader's USART, None where those are the virtual COM port's or where the ROM does not answer.
    `outcome` says how it ended, once it has and if it could still say so.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: str, adapter_port: str | None = None) -> None:
        self._process = process
        self.port = port
        self.adapter_port = adapter_port
        self.outcome: Outcome | None = None

    def __enter__(self) -> VirtualBoard:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def pin(self, name: str) -> Pin:
        """The state of a pin, such as "PJ5". Raises UsageError without that pin, LinkError when it is off."""
        answer = self._command(name)
        return Pin(high=answer["high"], changes=answer["changes"])

    def press_reset(self) -> None:
        """Press the reset button. Raises LinkError when the board is switched off."""
        self._command("reset")

    def _command(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (OSError, ValueError):
            line = b""
        answer = _answer(line)
        self._note(answer)
        if not line or self.outcome is not None or "error" in answer:
            raise _error(answer, "the virtual board is switched off")
        return answer

    def close(self) -> None:
        """Switch it off; the port disappears, the flash file stays."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._take_outcome()

    def kill(self) -> None:
        """Cut the power now, whatever it does."""
        self._process.kill()
        self.close()

    def await_power_loss(self, timeout: float | None = None) -> bool:
        """Wait until the board has ended by itself, at most `timeout` seconds; whether it has."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self._take_outcome()
        return True

    def _take_outcome(self) -> None:
        stream = self._process.stdout
        if stream is None or stream.closed:
            return
        self._note(_answer(stream.readline()))
        stream.close()

    def _note(self, answer: dict[str, Any]) -> None:
        if "flash_operations" in answer:
            self.outcome = Outcome(answer["flash_operations"], answer["power_lost"])


def start(
    board: Board,
    *,
    flash_file: Path | None = None,
    image: Path | None = None,
    boot0: bool | None = None,
    quirks: Quirks | None = None,
    power_cut: PowerCut | None = None,
    seed: int = 0,
    microphone: Path | None = None,
    stderr: IO[bytes] | int | None = None,
) -> VirtualBoard:
    """Start `board` in a child process and return once its port can be opened; arguments as for `serve`.

    The child ends when this process does: its standard input, which nothing else holds open, ends then. Its
    messages go to `stderr`, by default this process's. Raises what `serve` raises, and LinkError if the child
    fails otherwise.
    """
    check(board)
    check_quirks(board, quirks or Quirks())
    process = subprocess.Popen(
        python_command("edgel3_deploy.emulate.process"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    request = {
        "board": board,
        "flash_file": _absolute(flash_file),
        "image": _absolute(image),
        "boot0": boot0,
        "quirks": quirks,
        "power_cut": power_cut,
        "seed": seed,
        "microphone": _absolute(microphone),
    }
    try:
        pickle.dump(request, process.stdin)
        process.stdin.flush()
        answer = _answer(process.stdout.readline())
    except OSError:
        answer = {}
    virtual = VirtualBoard(process, answer.get("vcp", ""), answer.get("adapter"))
    if not virtual.port:
        virtual.close()
        raise _error(answer, f"the virtual {board.name} did not start")
    return virtual


def _answer(line: bytes) -> dict[str, Any]:
    """A line of JSON from the child; nothing if it is not one."""
    try:
        answer = json.loads(line or b"{}")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _absolute(path: Path | None) -> Path | None:
    return path.absolute() if path else None


def _error(answer: dict[str, Any], otherwise: str) -> EdgeL3DeployError:
    """What the child reported, as the error that it was there."""
    kind = getattr(errors, str(answer.get("error", "")), LinkError)
    message = answer.get("message", otherwise)
    return kind(message, answer.get("hint", "Run `edgel3-deploy emulate` by itself to see why."))
