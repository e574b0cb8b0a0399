"""Virtual boards: the image that would be flashed runs on this computer, behind a real pseudo-terminal."""

from edgel3_deploy.emulate.child import VirtualBoard, start
from edgel3_deploy.emulate.options import Ports, Quirks
from edgel3_deploy.emulate.serve import Outcome, serve
from edgel3_deploy.emulate.stm32.power_cut import PowerCut

__all__ = ["Outcome", "Ports", "PowerCut", "Quirks", "VirtualBoard", "serve", "start"]
