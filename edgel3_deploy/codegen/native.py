"""What the native runtime's templates see: a schedule's maps and steps as C text."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise

from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.native_arrays import ArrayView, Constants, ResidentView, constants
from edgel3_deploy.codegen.native_lanes import LaneGroupView, LaneStepView, at, view_lanes
from edgel3_deploy.codegen.views import describe
from edgel3_deploy.graph.ir import Conv2D, FullyConnected, Layer
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.group import Group, ring_bytes
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.measure import group_costs
from edgel3_deploy.plan.place import Place
from edgel3_deploy.plan.schedule import Schedule


@dataclass(frozen=True)
class MapView:
    """A feature map of which `ring` rows are in memory: `data` is C.

    `is_callers`: the caller passes it, and its address is known only while an inference runs.
    """

    name: str
    data: str
    ring: int
    height: int
    width: int
    channels: int
    note: str
    is_callers: bool = False


@dataclass(frozen=True)
class StepView:
    """A step as a C function: it pulls input rows from `producer` (None: the whole input is there).

    `streams`: the function is called with the row to reach and keeps count; otherwise it makes the whole map
    at once. `scratch` is a C expression, `reach` another: input rows that the unit `unit` needs. `resident`
    names RAM filled at start, with so many channels' weights. Steps in lanes have `lanes`, and always stream.
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
    resident: str = ""
    products: str = ""
    resident_channels: int = 0
    lanes: LaneStepView | None = None


@dataclass(frozen=True)
class NativeView:
    """All of a network for the native runtime. `runs` are the calls that make up an inference, in order."""

    maps: tuple[MapView, ...]
    lane_groups: tuple[LaneGroupView, ...]
    steps: tuple[StepView, ...]
    arrays: tuple[ArrayView, ...]
    residents: tuple[ResidentView, ...]
    runs: tuple[str, ...]

    @property
    def state(self) -> tuple[str, ...]:
        """What the context holds during an inference, as members in C."""
        counters = [group.entry.name for group in self.lane_groups if group.entry]
        counters += [f"{step.name}_rows" for step in self.steps if step.streams]
        members = [f"int32_t {name}" for name in counters]
        if self.most_strips > 1:
            members.append("int32_t strip")
        if self.outputs & {"rows", "pooled"}:
            members.append(f"int8_t positions[{self.longest_row}]")
        return tuple(members)

    @property
    def longest_row(self) -> int:
        """Positions of the longest row in lanes, 0 if there is none."""
        widths = [width for group in self.lane_groups for lanes in group.maps for width in lanes.widths]
        return max(widths, default=0)

    @property
    def outputs(self) -> frozenset[str]:
        """What steps make: maps, or in lanes rows, pooled or global."""
        return frozenset(step.lanes.output if step.lanes else "maps" for step in self.steps)

    @property
    def most_strips(self) -> int:
        """Strips of the group that has most."""
        return max((group.steps[-1].strips for group in self.lane_groups), default=1)


def view_native(schedule: Schedule) -> NativeView:
    """Names and C text for a schedule; BadInputError if a layer's name cannot be C."""
    residents = {resident.step: resident for resident in schedule.residents}
    given = "(int8_t *)(uintptr_t)network->input"  # only read
    maps = [_whole_map("input_map", given, schedule.steps[0].input_shape, is_callers=True)]
    steps: list[StepView] = []
    lane_groups: list[LaneGroupView] = []
    found: list[Constants] = []
    runs: list[str] = []
    for position, members in enumerate(schedule.groups):
        maps += _reshaped(maps[-1], members.steps[0])
        source = maps[-1].name
        place = schedule.scratch[position]
        scratch = "NULL" if place is None else at(place)
        first = len(steps)
        parts = [constants(step, scratch, residents.get(step.index)) for step in members.steps]
        found += parts
        views = _group_steps(members, first, source, scratch)
        beside = schedule.products[position]
        if beside is not None:
            views = [dataclasses.replace(view, products=at(beside)) for view in views]
        views = [_with_resident(view, part) for view, part in zip(views, parts, strict=True)]
        rings = schedule.rings[position]
        if members.lanes is None:
            maps += _ring_maps(members, rings)
        whole = _behind(members, schedule.maps[position])
        maps.append(whole)
        if members.lanes is not None:
            group = view_lanes(
                members,
                first,
                rings=rings,
                scratch=place,
                maxima=schedule.maxima[position],
                source=source,
                whole=whole.name,
                lists={step.name: part.lists for step, part in zip(members.steps, parts, strict=True)},
            )
            lane_groups.append(group)
            views = _in_lanes(views, group)
            runs.append(f"{group.name}(network)")
        else:
            runs += _group_runs(views)
        steps += views
    arrays = tuple(array for part in found for array in part.arrays)
    filled = tuple(part.resident for part in found if part.resident is not None)
    return NativeView(tuple(maps), tuple(lane_groups), tuple(steps), arrays, filled, tuple(runs))


def _whole_map(
    name: str, data: str, shape: tuple[int, int, int], note: str = "", *, is_callers: bool = False
) -> MapView:
    return MapView(name, data, shape[0], *shape, note, is_callers)


def _reshaped(source: MapView, step: Step) -> list[MapView]:
    """Another view of `source` if the step reads its bytes under another shape."""
    if step.input_shape == (source.height, source.width, source.channels):
        return []
    name = f"{ctext.identifier(step.name)}_input"
    return [
        _whole_map(
            name,
            source.data,
            step.input_shape,
            f"the bytes of {source.name}",
            is_callers=source.is_callers,
        )
    ]


def _ring_maps(members: Group, places: tuple[Place, ...]) -> list[MapView]:
    """The output maps of a group's steps but the last: rings."""
    views = []
    for step, rows, place in zip(members.steps, members.rings, places, strict=False):
        height, width, channels = step.output_shape
        note = f"ring of {rows} rows, {ring_bytes(step, rows):,} bytes"
        name = f"{ctext.identifier(step.name)}_map"
        views.append(MapView(name, at(place), rows, height, width, channels, note))
    return views


def _behind(members: Group, whole: Place | None) -> MapView:
    """The whole map behind a group."""
    last = members.steps[-1]
    name = f"{ctext.identifier(last.name)}_map"
    if whole is None:
        return _whole_map(name, "network->output", last.output_shape, is_callers=True)
    return _whole_map(name, at(whole), last.output_shape, f"whole, {whole.size:,} bytes")


def _group_steps(members: Group, first: int, source: str, scratch: str) -> list[StepView]:
    views: list[StepView] = []
    for step, cost in zip(members.steps, group_costs(members), strict=True):
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
                streams=len(members.steps) > 1 or members.lanes is not None,
                scratch=scratch,
                reach="" if members.lanes else _reach(step),
                comment=_comment(step, cost),
            )
        )
    return views


def _with_resident(view: StepView, part: Constants) -> StepView:
    resident = part.resident
    if resident is None or view.step.kernel.name == "sparse":
        return view
    return dataclasses.replace(view, resident=resident.name, resident_channels=resident.channels)


def _in_lanes(views: list[StepView], group: LaneGroupView) -> list[StepView]:
    parts = zip(views, group.inputs, group.outputs, group.producers, group.steps, strict=True)
    return [
        dataclasses.replace(view, input=source, output=target, producer=producer, lanes=lanes)
        for view, source, target, producer, lanes in parts
    ]


def _group_runs(views: list[StepView]) -> list[str]:
    """The calls that execute a group: its last step pulls the others along, but for rows it never reads."""
    last = views[-1]
    if not last.streams:
        return [f"{last.name}(network)"]
    height = last.step.units if last.step.kernel.name == "max_pool_global_rows" else last.step.output_shape[0]
    runs = [f"{last.name}(network, {height})"]
    for producer, consumer in reversed(tuple(pairwise(views))):
        height = producer.step.output_shape[0]
        if consumer.step.reads[-1][1] < height:
            runs.append(f"{producer.name}(network, {height}) /* rows that only an observer sees */")
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
