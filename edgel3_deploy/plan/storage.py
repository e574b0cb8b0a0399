"""Which activations share memory, and how long each lives: the facts that a memory plan is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgel3_deploy.graph.ir import Layer, MaxPool2D, Network, Reshape, Tensor


@dataclass(frozen=True)
class Use:
    """A tensor and its life: from the layer that writes it to the one that reads it, both included."""

    tensor: Tensor
    first: int
    last: int


@dataclass(frozen=True)
class Storage:
    """Tensors that start at the same address, in execution order: views and results of in-place layers.

    `owner` is "input" or "output" when the caller of the network owns the memory, else "arena".
    """

    uses: tuple[Use, ...]
    owner: str

    @property
    def size(self) -> int:
        """Bytes of the largest of the tensors."""
        return max(use.tensor.size for use in self.uses)

    @property
    def first(self) -> int:
        return self.uses[0].first

    @property
    def last(self) -> int:
        return self.uses[-1].last

    def live_bytes(self, layer: int) -> int:
        """Bytes in use during `layer`, which may be fewer than `size` after an in-place pooling."""
        return max((use.tensor.size for use in self.uses if use.first <= layer <= use.last), default=0)


def can_pool_in_place(layer: Layer) -> bool:
    """Whether the layer is a pooling whose output may overwrite its input from the same address."""
    return isinstance(layer, MaxPool2D) and layer.padding == (0, 0)


def storages(network: Network, *, in_place_pooling: bool) -> tuple[Storage, ...]:
    """The memories of a network in execution order: the caller's input first, its output last.

    The caller's input is never written. A network of views alone has one storage, owned as "input".
    """
    uses = _uses(network)
    output = _views_of_output(network)
    groups: list[list[Use]] = [[uses[0]]]
    for layer, use in zip(network.layers, uses[1:], strict=True):
        shares = isinstance(layer, Reshape) or (
            in_place_pooling
            and can_pool_in_place(layer)
            and len(groups) > 1
            and use.tensor.index not in output
        )
        if shares:
            groups[-1].append(use)
        else:
            groups.append([use])
    owners = ["input", *("arena" for _ in groups[2:]), "output"][: len(groups)]
    return tuple(Storage(tuple(group), owner) for group, owner in zip(groups, owners, strict=True))


def live_bytes(network: Network, memories: Iterable[Storage], scratch: Mapping[int, int]) -> tuple[int, ...]:
    """Bytes alive during each layer: its input and output, once where they share memory, and its scratch."""
    everything = tuple(memories)
    return tuple(
        sum(storage.live_bytes(index) for storage in everything) + scratch.get(index, 0)
        for index in range(len(network.layers))
    )


def _uses(network: Network) -> list[Use]:
    """The network's input and every layer's output with their lifetimes."""
    last = len(network.layers) - 1
    outputs = [Use(layer.output, index, min(index + 1, last)) for index, layer in enumerate(network.layers)]
    return [Use(network.input, 0, 0), *outputs]


def _views_of_output(network: Network) -> frozenset[int]:
    """Indices of the network's output and of the tensors that are the same bytes under other shapes."""
    indices = {network.output.index}
    for layer in reversed(network.layers):
        if not isinstance(layer, Reshape):
            break
        indices.add(layer.input.index)
    return frozenset(indices)
