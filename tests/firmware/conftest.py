"""One image a board, built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from tests.firmware.images import build_image


@pytest.fixture(scope="session")
def image_for(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from a board's name to the ELF of the stand-in network for it."""
    built: dict[str, Path] = {}

    def image(name: str) -> Path:
        if name not in built:
            built[name] = build_image(arm_gcc, load_board(name), tmp_path_factory.mktemp(name))
        return built[name]

    return image
