"""The errors a user can meet: each has a message, a hint that says what to do, and its own exit code."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Process exit codes of the command line (documented in docs/exit-codes.md)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    BAD_INPUT = 3
    OVER_BUDGET = 4
    TOOLCHAIN = 5
    FLASH = 6
    LINK = 7
    VALIDATION_FAILED = 8
    DOWNLOAD = 9
    MISSING_DEPENDENCY = 10
    INTERRUPTED = 130


class EdgeL3DeployError(Exception):
    """Base of every error that is shown to the user as one line and a hint.

    `message` says what is wrong and where; `hint` says what to do about it.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class EdgeL3DeployWarning(UserWarning):
    """What Python callers should know about a sound or a model; the commands print such lines instead."""


class UsageError(EdgeL3DeployError):
    """An option or a name that does not exist, does not work or contradicts another, or a place that cannot
    be written.
    """

    exit_code = ExitCode.USAGE


class BadInputError(EdgeL3DeployError):
    """A file that cannot be used: weights, audio, model, board file or prepared build."""

    exit_code = ExitCode.BAD_INPUT


class OverBudgetError(EdgeL3DeployError):
    """The model does not fit the board's flash or RAM; `verdict` has the figures as budget.json does."""

    exit_code = ExitCode.OVER_BUDGET
    verdict: Mapping[str, Any] | None = None


class ToolchainError(EdgeL3DeployError):
    """Compiler, linker or a source tree they need is missing or failed."""

    exit_code = ExitCode.TOOLCHAIN


class FlashError(EdgeL3DeployError):
    """Programming the board failed: wrong chip, refused command, read-back mismatch."""

    exit_code = ExitCode.FLASH


class LinkError(EdgeL3DeployError):
    """The serial link failed: port absent or busy, no answer, other protocol version, unplugged."""

    exit_code = ExitCode.LINK


class DownloadError(EdgeL3DeployError):
    """A weight file could not be fetched, or what arrived is not that file."""

    exit_code = ExitCode.DOWNLOAD


class MissingDependencyError(EdgeL3DeployError):
    """An optional Python package or program that this command needs is not installed."""

    exit_code = ExitCode.MISSING_DEPENDENCY
