"""Programming the board: one file per way behind one function; verified, and confirmed by the board."""

from edgel3_deploy.flash.base import FlashResult
from edgel3_deploy.flash.flasher import flash, flash_build

__all__ = ["FlashResult", "flash", "flash_build"]
