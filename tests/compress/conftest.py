"""The tiny teacher and the short recordings that training is tested with."""

from __future__ import annotations

from tests.train.conftest import recordings, teacher

__all__ = ["recordings", "teacher"]
