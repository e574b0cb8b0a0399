"""A project for a board with a loader takes the loader and the packing tool along."""

from __future__ import annotations

from pathlib import Path

from edgel3_deploy import image
from edgel3_deploy.boards import Board
from edgel3_deploy.codegen.loader import render_loader
from edgel3_deploy.codegen.resident import packing, resident_files
from edgel3_deploy.image.layout import flash_layout


def test_the_loader_is_a_project_in_its_folder(board: Board) -> None:
    layout = flash_layout(board, 1)
    files = resident_files(board, layout)
    for name, content in render_loader(board, layout).items():
        assert files[f"loader/{name}"] == content


def test_the_packing_tool_is_the_packages_own_code(board: Board) -> None:
    tools = {
        name.removeprefix("tools/image/"): content
        for name, content in resident_files(board, flash_layout(board, 1)).items()
        if name.startswith("tools/")
    }
    assert tools.keys() == {"__init__.py", "header.py", "hexfile.py", "pack.py"}
    for name, content in tools.items():
        assert content == (Path(image.__file__).parent / name).read_bytes()


def test_every_slot_is_packed_at_its_address(board: Board) -> None:
    pack = packing(board, flash_layout(board, 2), 7)
    assert (pack.version, pack.flash, pack.slots) == (7, 0x0800_0000, (0x0801_8000, 0x0810_0000))
