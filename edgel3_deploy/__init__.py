"""EdgeL3 audio embeddings on Cortex-M7 microcontrollers: from weights to a validated board."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgel3_deploy.embedding.api import get_embedding, load_model, process_file
    from edgel3_deploy.embedding.model import EmbeddingModel
    from edgel3_deploy.errors import EdgeL3DeployError, EdgeL3DeployWarning
    from edgel3_deploy.listen.api import listen_to

__version__ = "0.1.0"

__all__ = [
    "EdgeL3DeployError",
    "EdgeL3DeployWarning",
    "EmbeddingModel",
    "__version__",
    "get_embedding",
    "listen_to",
    "load_model",
    "process_file",
]

_HOMES = {
    "get_embedding": "edgel3_deploy.embedding.api",
    "process_file": "edgel3_deploy.embedding.api",
    "EmbeddingModel": "edgel3_deploy.embedding.model",
    "load_model": "edgel3_deploy.embedding.api",
    "EdgeL3DeployError": "edgel3_deploy.errors",
    "EdgeL3DeployWarning": "edgel3_deploy.errors",
    "listen_to": "edgel3_deploy.listen.api",
}


def __getattr__(name: str) -> Any:
    """A public name from its module, imported when it is first asked for: most commands need none."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
