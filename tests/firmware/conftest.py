"""One image a board, built once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.image.pack import pack_application, pack_flash, to_bin
from tests.firmware.images import BUILD_ID, Flashable, build_image, build_loader, stored_bytes


@pytest.fixture(scope="session")
def image_for(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from a board's name to the ELF of the stand-in network for it."""
    built: dict[str, Path] = {}

    def image(name: str) -> Path:
        if name not in built:
            built[name] = build_image(arm_gcc, load_board(name), tmp_path_factory.mktemp(name))
        return built[name]

    return image


@pytest.fixture(scope="session")
def flashable_for(arm_gcc: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Flashable]:
    """A function from a board's name and its number of slots to loader and stand-in's images."""
    built: dict[tuple[str, int], Flashable] = {}

    def flashable(name: str, slots: int) -> Flashable:
        if (name, slots) not in built:
            board, layout = load_board(name), flash_layout(load_board(name), slots)
            folder = tmp_path_factory.mktemp(f"{name}-{slots}")
            images = []
            for slot in range(slots):
                (folder / str(slot)).mkdir()
                elf = build_image(arm_gcc, board, folder / str(slot), layout=layout, slot=slot)
                images.append(stored_bytes(elf))
            loader = build_loader(board, folder / "loader", layout)
            packed = {
                place.origin: pack_application(
                    image, origin=place.origin, board=name, build_id=BUILD_ID, version=1
                )
                for place, image in zip(layout.slots, images, strict=True)
            }
            whole = folder / "whole.bin"
            whole.write_bytes(to_bin(pack_flash(loader.read_bytes(), board.flash.origin, packed)))
            built[name, slots] = Flashable(layout, loader, tuple(images), whole)
        return built[name, slots]

    return flashable
