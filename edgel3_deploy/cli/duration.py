"""A time with its unit, as options take it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import click

_MILLISECONDS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


class Duration(click.ParamType[int]):
    """A number and a unit such as 500ms, 10s, 2.5min or 1h, as whole multiples of `step` milliseconds.

    Converts to how many of them.
    """

    name = "time"

    def __init__(self, step: int = 1) -> None:
        self._step = step

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|min|h)", str(value).strip().lower())
        if match is None:
            self.fail(
                f"{value!r} is no time: give a number with a unit, such as 500ms, 10s or 2min", param, ctx
            )
        count = Decimal(match[1]) * _MILLISECONDS[match[2]] / self._step
        if count != int(count):
            unit = "seconds" if self._step == 1_000 else "milliseconds"
            self.fail(f"{value} is no whole number of {unit}", param, ctx)
        return int(count)
