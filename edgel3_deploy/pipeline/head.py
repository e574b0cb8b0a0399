"""From a head.npz to what an image or a library takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgel3_deploy.fileio import sha256
from edgel3_deploy.pipeline.source import SourceModel

if TYPE_CHECKING:
    from edgel3_deploy.codegen.head import CompiledHead


@dataclass(frozen=True)
class TakenHead:
    """A head made to fit the model, and the bytes of its file."""

    compiled: CompiledHead
    content: bytes


def take_head(path: Path, source: SourceModel) -> TakenHead:
    """The head of the file at `path` for a model.

    Raises BadInputError if there is no usable head, UsageError for one of another model.
    """
    from edgel3_deploy.codegen.head import CompiledHead
    from edgel3_deploy.head.adapt import head_for
    from edgel3_deploy.head.file import load_head

    loaded, _ = load_head(path)
    head = head_for(loaded, source.network, source.tflite, source.float_network)
    content = head.to_bytes()
    return TakenHead(CompiledHead(head.network, head.labels, bytes.fromhex(sha256(content))), content)
