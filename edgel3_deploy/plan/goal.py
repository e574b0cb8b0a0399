"""What a schedule is chosen for."""

from __future__ import annotations

from typing import Literal

Goal = Literal["speed", "balanced", "size"]
GOALS: tuple[Goal, ...] = ("speed", "balanced", "size")
