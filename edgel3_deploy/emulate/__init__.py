"""Virtual boards: the image that would be flashed runs on this computer, behind a real pseudo-terminal."""

from edgel3_deploy.emulate.child import VirtualBoard, start
from edgel3_deploy.emulate.options import Ports, Quirks
from edgel3_deploy.emulate.serve import serve

__all__ = ["Ports", "Quirks", "VirtualBoard", "serve", "start"]
