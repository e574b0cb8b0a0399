"""TFLite's sparse tensors: how the values that are stored spread over a dense array.

A tensor is walked level by level, in the order of `traversal`: first its own dimensions, each divided by the
size of its block if it has one, then the blocks' dimensions. A dense level holds every index; a CSR level
lists, for each node of the level above, the indices at which anything is stored. The values are the leaves.
Source: SparsityParameters in TensorFlow Lite's schema.fbs, FormatConverter in its kernels/internal/utils.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DENSE_ELEMENTS = 1 << 24
"""Of a decoded tensor: more than the flash of any board holds. A few bytes can claim any shape."""

Indices = NDArray[np.int64]
Stored = NDArray[np.int32] | NDArray[np.uint16] | NDArray[np.uint8]


@dataclass(frozen=True)
class Level:
    """`size` of a dense level; or of a CSR level `segments` (nodes above + 1,) into `indices`."""

    size: int
    segments: Stored | None = None
    indices: Stored | None = None


@dataclass(frozen=True)
class Sparsity:
    """`block_map` gives the dimension that each block divides; `levels` are in the order of `traversal`."""

    traversal: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]


def densify(
    values: NDArray[np.uint8], shape: tuple[int, ...], sparsity: Sparsity, item_size: int
) -> NDArray[np.uint8]:
    """The dense tensor's bytes, zero where nothing is stored; `values` are bytes of `item_size` an element.

    Raises ValueError, saying what is wrong, for metadata that contradicts itself, the shape or the values.
    """
    if min(shape, default=0) < 1 or math.prod(shape) > MAX_DENSE_ELEMENTS:
        raise ValueError(f"a sparse tensor of shape {shape}")
    extents, strides = _axes(shape, sparsity)
    places = np.zeros(1, np.int64)
    for axis, level in zip(sparsity.traversal, sparsity.levels, strict=True):
        places = _descend(places, level, extents[axis], strides[axis])
    if len(places) * item_size != len(values):
        raise ValueError(f"{len(values)} bytes of values for {len(places)} places in a sparse tensor")
    dense = np.zeros((math.prod(shape), item_size), np.uint8)
    dense[places] = values.reshape(-1, item_size)
    return dense.reshape(-1)


def _axes(shape: tuple[int, ...], sparsity: Sparsity) -> tuple[list[int], list[int]]:
    """Extent, and stride in the dense array, of each of the tensor's dimensions, then of each block's."""
    rank, blocks = len(shape), len(sparsity.block_map)
    first, last = sparsity.traversal[:rank], sparsity.traversal[rank:]
    if sorted(first) != list(range(rank)) or sorted(last) != list(range(rank, rank + blocks)):
        raise ValueError(f"traversal order {sparsity.traversal} of a sparse tensor of {rank} dimensions")
    if len(sparsity.levels) != rank + blocks:
        raise ValueError(f"{len(sparsity.levels)} levels of a sparse tensor, not {rank + blocks}")
    if len(set(sparsity.block_map)) != blocks or not set(sparsity.block_map) <= set(range(rank)):
        raise ValueError(f"block map {sparsity.block_map} of a sparse tensor of {rank} dimensions")
    extents = list(shape)
    strides = [math.prod(shape[axis + 1 :]) for axis in range(rank)]
    inner = dict(zip(last, sparsity.levels[rank:], strict=True))
    for axis, divided in enumerate(sparsity.block_map, rank):
        size = inner[axis].size
        if size < 1 or extents[divided] % size:
            raise ValueError(f"blocks of {size} in a dimension of {extents[divided]}")
        extents.append(size)
        strides.append(strides[divided])
        extents[divided] //= size
        strides[divided] *= size
    return extents, strides


def _descend(places: Indices, level: Level, extent: int, stride: int) -> Indices:
    """Places of the nodes of one level, from those of the level above."""
    if level.segments is None or level.indices is None:
        if level.size != extent:
            raise ValueError(f"a dense level of {level.size} for a dimension of {extent}")
        below: Indices = (places[:, np.newaxis] + np.arange(extent, dtype=np.int64) * stride).reshape(-1)
        return below
    segments, indices = level.segments.astype(np.int64), level.indices.astype(np.int64)
    lengths = np.diff(segments)
    if len(segments) != len(places) + 1 or segments[0] != 0 or segments[-1] != len(indices):
        raise ValueError("segments of a sparse tensor that do not span its indices")
    if (lengths < 0).any() or ((indices < 0) | (indices >= extent)).any():
        raise ValueError(f"an index of a sparse tensor outside its dimension of {extent}")
    parents = np.repeat(np.arange(len(places)), lengths)
    if ((np.diff(indices) <= 0) & (np.diff(parents) == 0)).any():
        raise ValueError("indices of a sparse tensor that do not rise")
    descended: Indices = places[parents] + indices * stride
    return descended
