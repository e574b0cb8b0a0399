"""What the native runtime's templates see: a schedule's maps, steps and packed constants as C text."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.views import describe
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.cost import step_costs
from edgel3_deploy.plan.group import Group, aligned, ring_bytes
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.pack_direct import pack_direct, pack_fully_connected
from edgel3_deploy.plan.pack_mono import pack_mono
from edgel3_deploy.plan.pack_winograd import pack_f22, pack_f44
from edgel3_deploy.plan.packed import PackedConv
from edgel3_deploy.plan.schedule import Place, Schedule


@dataclass(frozen=True)
class MapView:
    """A feature map of which `ring` rows are in memory: `data` is C, NULL where the caller passes it."""

    name: str
    data: str
    ring: int
    height: int
    width: int
    channels: int
    note: str


@dataclass(frozen=True)
class StepView:
    """A step as a C function: it pulls input rows from `producer` (None: the whole input is there).

    `streams`: the function is called with the row to reach and keeps count; otherwise it makes the whole map
    at once. `units` counts what one call of the kernel over the whole map spans; `scratch` is a C expression.
    """

    index: int
    name: str
    step: Step
    form: str
    input: str
    output: str
    producer: str | None
    streams: bool
    scratch: str
    reach: str
    comment: tuple[str, ...]
    lanes: LaneStepView | None = None


@dataclass(frozen=True)
class ListView:
    """One list of weights of a sparse step: its form in C, channels, the array's name, what it is."""

    form: str
    channels: int
    entries: str
    note: str


@dataclass(frozen=True)
class LaneStepView:
    """What a step in lanes has besides: `rows` of its convolution, which has `positions` in each.

    `columns`: rows are the map's columns. `output` is rows, pooled or global, with `maxima` as a C expression
    for the last.
    """

    columns: bool
    rows: int
    positions: int
    output: Literal["rows", "pooled", "global"]
    lists: tuple[ListView, ...]
    maxima: str


@dataclass(frozen=True)
class ArrayView:
    """A constant array: element type, C name, elements, what it is, and its rows as C text."""

    type: str
    name: str
    size: int
    meaning: str
    rows: str


@dataclass(frozen=True)
class NativeView:
    """All of a network for the native runtime. `runs` are the calls that make up an inference, in order."""

    maps: tuple[MapView, ...]
    steps: tuple[StepView, ...]
    arrays: tuple[ArrayView, ...]
    runs: tuple[str, ...]


def view_native(schedule: Schedule) -> NativeView:
    """Names and C text for a schedule; BadInputError if a layer's name cannot be C."""
    maps = [_whole_map("input_map", "NULL", schedule.steps[0].input_shape, "the caller's input")]
    steps: list[StepView] = []
    runs: list[str] = []
    for position, members in enumerate(schedule.groups):
        workspace, whole = schedule.workspaces[position], schedule.maps[position]
        maps += _reshaped(maps[-1], members.steps[0])
        source = maps[-1].name
        maps += _group_maps(members, workspace, whole)
        scratch = "NULL" if workspace is None else _at(workspace, members.inner_bytes)
        views = _group_steps(members, len(steps), source, scratch)
        steps += views
        runs += _group_runs(views)
    arrays = [array for view in steps for array in _arrays(view)]
    return NativeView(tuple(maps), tuple(steps), tuple(arrays), tuple(runs))


def pack(step: Step) -> PackedConv:
    """The constants of a step's convolution or fully connected layer, as its kernel reads them."""
    layer = step.layer
    form = requantize_form(layer)  # type: ignore[arg-type]
    if isinstance(layer, FullyConnected):
        return pack_fully_connected(layer, form)
    assert isinstance(layer, Conv2D)
    if step.kernel.name == "f44":
        return pack_f44(layer, step.kernel.stored_channels, form)
    if step.kernel.name == "f22":
        return pack_f22(layer, step.kernel.stored_channels, form)
    return pack_mono(layer, form) if step.kernel.name == "mono" else pack_direct(layer, form)


def _whole_map(name: str, data: str, shape: tuple[int, int, int], note: str) -> MapView:
    return MapView(name, data, shape[0], *shape, note=note)


def _reshaped(source: MapView, step: Step) -> list[MapView]:
    """Another view of `source` if the step reads its bytes under another shape."""
    if step.input_shape == (source.height, source.width, source.channels):
        return []
    name = f"{ctext.identifier(step.name)}_input"
    return [_whole_map(name, source.data, step.input_shape, f"the bytes of {source.name}")]


def _at(place: Place, offset: int = 0) -> str:
    return f"arena_{ctext.identifier(place.region)} + {place.offset + offset}"


def _group_maps(members: Group, workspace: Place | None, whole: Place | None) -> list[MapView]:
    """The output maps of a group's steps: rings within the workspace, the last one whole."""
    views = []
    offset = 0
    for step, rows in zip(members.steps, members.rings, strict=False):
        assert workspace is not None
        height, width, channels = step.output_shape
        note = f"ring of {rows} rows, {ring_bytes(step, rows):,} bytes"
        data = _at(workspace, offset)
        views.append(MapView(f"{ctext.identifier(step.name)}_map", data, rows, height, width, channels, note))
        offset += aligned(ring_bytes(step, rows))
    last = members.steps[-1]
    data = "NULL" if whole is None else _at(whole)
    note = "the caller's output" if whole is None else f"whole, {whole.size:,} bytes"
    views.append(_whole_map(f"{ctext.identifier(last.name)}_map", data, last.output_shape, note))
    return views


def _group_steps(members: Group, first: int, source: str, scratch: str) -> list[StepView]:
    views: list[StepView] = []
    for step, cost in zip(members.steps, step_costs(members), strict=True):
        producer = views[-1].name if views else None
        name = ctext.identifier(step.name)
        views.append(
            StepView(
                index=first + len(views),
                name=name,
                step=step,
                form=_form(step.layer),
                input=views[-1].output if views else source,
                output=f"{name}_map",
                producer=producer,
                streams=len(members.steps) > 1,
                scratch=scratch if step.scratch else "NULL",
                reach=_reach(step),
                comment=_comment(step, cost),
            )
        )
    return views


def _group_runs(views: list[StepView]) -> list[str]:
    """The calls that execute a group: its last step pulls the others along, but for rows it never reads."""
    last = views[-1]
    if not last.streams:
        return [f"{last.name}()"]
    runs = [f"{last.name}({last.step.output_shape[0]})"]
    for producer, consumer in reversed(tuple(pairwise(views))):
        height = producer.step.output_shape[0]
        if consumer.step.reads[-1][1] < height:
            runs.append(f"{producer.name}({height}) /* rows that only an observer sees */")
    return runs


def _form(layer: Layer) -> str:
    if isinstance(layer, Conv2D | FullyConnected):
        return f"EDGEL3_REQUANTIZE_{requantize_form(layer).name}"
    return ""


def _reach(step: Step) -> str:
    """C expression: input rows that the unit `unit` needs, from the top of the map."""
    height = step.input_shape[0]
    slope = step.rows_read(1)[1] - step.rows_read(0)[1] if step.units > 1 else 0
    return f"least({slope} * unit + {step.rows_read(0)[1]}, {height})"


def _comment(step: Step, cost: int) -> tuple[str, ...]:
    lines = [line for layer in step.layers for line in describe(layer)]
    flash = f", {step.constant_bytes:,} bytes packed" if step.constant_bytes else ""
    return (*lines, f"kernel: {step.kernel.text}{flash}, about {cost:,} instructions (modelled)")


def _arrays(view: StepView) -> list[ArrayView]:
    if not isinstance(view.step.layer, Conv2D | FullyConnected):
        return []
    packed = pack(view.step)
    arrays = [
        ArrayView(
            "uint32_t",
            f"{view.name}_weights",
            packed.weights.size,
            _layout(view.step),
            _words(packed.weights),
        ),
        ArrayView(
            "edgel3_channel_t",
            f"{view.name}_channels",
            len(packed.channels),
            "bias, multiplier, rounding, shift",
            _structs(packed.channels),
        ),
    ]
    if view.step.kernel.name == "f44":
        arrays.append(
            ArrayView(
                "int32_t",
                f"{view.name}_corrections",
                len(packed.corrections),
                "of outputs (2, 2), (2, 3), (3, 2), (3, 3)",
                _structs(packed.corrections),
            )
        )
    return arrays


def _layout(step: Step) -> str:
    layer = step.layer
    assert isinstance(layer, Conv2D | FullyConnected)
    how = ""
    if step.kernel.name in WINOGRAD_TILE:
        how = f"{step.kernel.stored_channels} channels as transformed int16 pairs, the others as int8; "
    return f"{how}{ctext.shape(layer.weights.shape)} packed for {step.kernel.name}"


def _words(words: NDArray[np.uint32]) -> str:
    lines = (
        "    " + ", ".join(f"0x{word:08x}" for word in words[start : start + 8].tolist()) + ","
        for start in range(0, len(words), 8)
    )
    return "\n".join(lines)


def _structs(values: NDArray[np.int32]) -> str:
    return "\n".join("    {" + ", ".join(_constant(value) for value in row) + "}," for row in values.tolist())


def _constant(value: int) -> str:
    """-2^31 has no literal of its own in C."""
    return "INT32_MIN" if value == -(1 << 31) else str(value)
