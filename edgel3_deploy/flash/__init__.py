"""Programming the board: one file per tool behind one function, always verified by reading back."""

from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.flasher import flash, flash_build

__all__ = ["FlashResult", "flash", "flash_build"]
