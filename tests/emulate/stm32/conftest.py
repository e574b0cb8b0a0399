"""What all models of peripherals report to."""

from __future__ import annotations

import pytest


@pytest.fixture
def said() -> list[str]:
    """What a model has found fault with."""
    return []
