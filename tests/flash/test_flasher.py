"""The choice of the tool, and what cannot be combined."""

from __future__ import annotations

import pytest

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.flash import flash
from tests.flash.conftest import FakeTool
from tests.flash.images import image_for


def test_an_unknown_tool_lists_the_known_ones(stm32f7: Board) -> None:
    with pytest.raises(UsageError, match="unknown flash tool 'dfu'") as caught:
        flash(image_for(stm32f7, 100), stm32f7, None, via="dfu")
    assert "rom, openocd, pyocd" in caught.value.hint


def test_no_tool_is_started_for_an_unusable_image(stm32f7: Board, fake_tool: FakeTool) -> None:
    fake_tool.install("openocd", "")
    with pytest.raises(BadInputError, match="does not belong to stm32f7"):
        flash(b"not firmware", stm32f7, None, via="openocd")
    assert fake_tool.calls == []


def test_the_result_is_plain_json(stm32f7: Board, fake_tool: FakeTool) -> None:
    image = image_for(stm32f7, 100)
    fake_tool.install("openocd", f"pathlib.Path('readback.bin').write_bytes({image!r})")
    result = flash(image, stm32f7, None, via="openocd")
    assert result.sectors_erased == 1
    assert result.to_json() == {"tool": "openocd", "bytes_written": 100, "sectors": [0], "verified": True}
