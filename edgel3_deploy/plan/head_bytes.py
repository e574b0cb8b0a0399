"""The head in an image: the bytes that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import UsageError
from edgel3_deploy.graph.ir import Network
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.plan.kernel import Kernel, constant_bytes, scratch_bytes


@dataclass(frozen=True)
class HeadBytes:
    """Weights and constants in flash; scores, hidden outputs and scratch in RAM."""

    flash: int
    ram: int


NO_HEAD = HeadBytes(0, 0)


def head_bytes(head: HeadNetwork) -> HeadBytes:
    """What head.c takes beside the code of its kernels."""
    kernel = Kernel("fully_connected")
    hidden = 2 * max(layer.output.size for layer in head.layers)
    scratch = max(scratch_bytes(kernel, layer) for layer in head.layers)
    return HeadBytes(
        flash=sum(constant_bytes(kernel, layer) for layer in head.layers),
        ram=head.logits.size + hidden + scratch,
    )


def head_bytes_of(path: Path | None, network: Network) -> HeadBytes:
    """The same of a head.npz, or of "bundled", for `network`; NO_HEAD without a path.

    Raises BadInputError if there is no usable head, UsageError if it takes embeddings of another size. Which
    model the head was trained on is not looked at: a shape alone is no model.
    """
    from edgel3_deploy.head.adapt import locate_head
    from edgel3_deploy.head.file import load_head

    if path is None:
        return NO_HEAD
    head, _ = load_head(locate_head(path))
    features = head.network.input.size
    if features != network.output.size:
        raise UsageError(
            f"{path}: the head takes embeddings of {features} values, and {network.name} gives "
            f"{network.output.size}",
            "Give the model that the head was trained on, or train a head for this one.",
        )
    return head_bytes(head.network)
