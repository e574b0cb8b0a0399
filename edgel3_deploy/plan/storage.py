"""Which activations share memory, and how long each lives: the facts that a memory plan is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgel3_deploy.graph.ir import Network, Reshape, Tensor


@dataclass(frozen=True)
class Use:
    """A tensor and its life: from the layer that writes it to the one that reads it, both included."""

    tensor: Tensor
    first: int
    last: int


@dataclass(frozen=True)
class Storage:
    """One tensor and its views, the same bytes under other shapes, in execution order.

    `owner` is "input" or "output" when the caller of the network owns the memory, else "arena".
    """

    uses: tuple[Use, ...]
    owner: str

    @property
    def size(self) -> int:
        """Bytes, the same for all of the tensors."""
        return self.uses[0].tensor.size

    @property
    def first(self) -> int:
        return self.uses[0].first

    @property
    def last(self) -> int:
        return self.uses[-1].last


def storages(network: Network) -> tuple[Storage, ...]:
    """The memories of a network in execution order: the caller's input first, its output last.

    The caller's input is never written. A network of views alone has one storage, owned as "input".
    """
    uses = _uses(network)
    groups: list[list[Use]] = [[uses[0]]]
    for layer, use in zip(network.layers, uses[1:], strict=True):
        if isinstance(layer, Reshape):
            groups[-1].append(use)
        else:
            groups.append([use])
    owners = ["input", *("arena" for _ in groups[2:]), "output"][: len(groups)]
    return tuple(Storage(tuple(group), owner) for group, owner in zip(groups, owners, strict=True))


def live_bytes(network: Network, memories: Iterable[Storage], scratch: Mapping[int, int]) -> tuple[int, ...]:
    """Bytes alive during each layer: its input and output, once where they share memory, and its scratch."""
    everything = tuple(memories)
    return tuple(
        sum(memory.size for memory in everything if memory.first <= index <= memory.last)
        + scratch.get(index, 0)
        for index in range(len(network.layers))
    )


def _uses(network: Network) -> list[Use]:
    """The network's input and every layer's output with their lifetimes."""
    last = len(network.layers) - 1
    outputs = [Use(layer.output, index, min(index + 1, last)) for index, layer in enumerate(network.layers)]
    return [Use(network.input, 0, 0), *outputs]
