"""Rings hold every row that a consumer reads, and no smaller multiple of the producer's unit would."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.candidates import operations, steps_from
from edgel3_deploy.plan.group import group, ring_rows
from edgel3_deploy.plan.kernel import STREAMING, Step
from tests.graph.models import ModelBuilder


@st.composite
def reads(draw: st.DrawFn) -> tuple[int, tuple[tuple[int, int], ...]]:
    """A map's height, and the rows that a consumer reads of it, ever further down."""
    height = draw(st.integers(1, 40))
    stride, rows, padding = draw(st.integers(1, 5)), draw(st.integers(1, 7)), draw(st.integers(0, 3))
    tops = range(-min(padding, rows - 1), height, stride)
    return height, tuple((max(top, 0), min(top + rows, height)) for top in tops)


def survives(unit: int, height: int, ring: int, wanted: tuple[tuple[int, int], ...]) -> bool:
    """Whether a ring of `ring` rows holds every row when it is read, made unit by unit as they are needed."""
    memory: dict[int, int] = {}
    made = 0
    for first, end in wanted:
        while made < end:
            for row in range(made, min(made + unit, height)):
                memory[row % ring] = row
            made = min(made + unit, height)
        if any(memory.get(row % ring) != row for row in range(first, end)):
            return False
    return True


@given(reads(), st.integers(1, 5))
def test_rings_are_sufficient_and_minimal(
    map_reads: tuple[int, tuple[tuple[int, int], ...]], unit: int
) -> None:
    height, wanted = map_reads
    ring = ring_rows(unit, height, wanted)
    assert ring == height or ring % unit == 0
    assert survives(unit, height, ring, wanted)
    smaller = (ring - 1) // unit * unit
    assert smaller == 0 or not survives(unit, height, smaller, wanted)


@settings(max_examples=100)
@given(st.data())
def test_steps_pull_each_other_through_their_rings(data: st.DataObject) -> None:
    """The rows of three steps, pulled as generated code pulls them, are there when they are read."""
    height = data.draw(st.integers(6, 40))
    builder = ModelBuilder((height, 6, data.draw(st.sampled_from([1, 2]))))
    for _ in range(3):
        kind = data.draw(st.sampled_from(["same", "strided", "pool"]))
        if kind == "pool" and min(builder.shape[:2]) > 1:
            builder.max_pool2d()
        else:
            builder.conv2d(2, stride=(2, 1) if kind == "strided" else (1, 1))
    parts = operations(read_network(builder.build()))
    steps: list[Step] = []
    position = 0
    while position < len(parts):
        step = data.draw(st.sampled_from(steps_from(parts, position)))
        assume(step.kernel.name in STREAMING)
        steps.append(step)
        position += len(step.layers)
    members = group(tuple(steps))
    pull(members.steps, members.rings)


def pull(steps: tuple[Step, ...], rings: tuple[int, ...]) -> None:
    """Run the last step unit by unit; every map is a ring that remembers which row it holds."""
    memories = [np.full(ring, -1) for ring in rings]
    made = [0] * len(steps)

    def make(index: int, end: int) -> None:
        step = steps[index]
        while made[index] < end:
            first, last = step.rows_read(made[index] // step.unit)
            if index > 0:
                make(index - 1, last)
                rows = np.arange(first, last)
                assert (memories[index - 1][rows % rings[index - 1]] == rows).all()
            after = min(made[index] + step.unit, step.output_shape[0])
            if index < len(rings):
                rows = np.arange(made[index], after)
                memories[index][rows % rings[index]] = rows
            made[index] = after

    make(len(steps) - 1, steps[-1].output_shape[0])


def test_a_group_counts_its_rings_and_the_largest_workspace() -> None:
    parts = operations(read_network(ModelBuilder((20, 5, 4)).conv2d(6).conv2d(7).build()))
    direct = [next(s for s in steps_from(parts, i) if s.kernel.name == "direct") for i in range(2)]
    members = group(tuple(direct))
    assert members.rings == (3,)
    assert members.inner_bytes == -(-3 * 5 * 6 // 8) * 8
    assert members.scratch == max(step.scratch for step in direct)
    for producer, consumer in pairwise(members.steps):
        assert producer.output_shape == consumer.input_shape
