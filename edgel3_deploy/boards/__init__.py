"""Board files: what each board has, as frozen values."""

from edgel3_deploy.boards.board import Board
from edgel3_deploy.boards.load import load_board
from edgel3_deploy.boards.source import board_names

__all__ = ["Board", "board_names", "load_board"]
