"""What to do the first time, before a board has a loader: in words, for that board."""

from __future__ import annotations

from edgel3_deploy.boards.board import Board


def first_time(board: Board) -> str:
    """How to program a blank `board`, as the end of a sentence: "through its ST-LINK: ..."."""
    ways = []
    if board.debug is not None:
        command = f"edgel3-deploy flash --board {board.name} --via"
        tools = [
            tool
            for tool, known in (("openocd", board.debug.openocd_config), ("pyocd", board.debug.pyocd_target))
            if known
        ]
        if board.debug.drive:
            tools.append("drive")
        if tools:
            others = f" (or {', or '.join(tools[1:])})" if tools[1:] else ""
            shown = f", whose USB drive is {board.debug.drive}" if board.debug.drive else ""
            ways.append(f"through its ST-LINK{shown}: `{command} {tools[0]}`{others}")
    if board.bootloader is not None and not board.bootloader.deaf:
        adapter = f" ({board.bootloader.adapter})" if board.bootloader.adapter else ""
        boot0 = f" ({board.bootloader.boot0})" if board.bootloader.boot0 else ""
        ways.append(
            f"with a USB-UART adapter{adapter}, BOOT0 high{boot0} and a reset: "
            f"`edgel3-deploy flash --board {board.name} --via rom --port ADAPTER`"
        )
    return "; or ".join(ways) or "with the tool that its maker names"
