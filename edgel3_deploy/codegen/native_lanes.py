"""What the templates see of a lane group: rings in the lane layout, steps that pull rows, lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgel3_deploy.codegen import ctext
from edgel3_deploy.plan.group import Group, LaneGroup, Ring
from edgel3_deploy.plan.kernel import Step
from edgel3_deploy.plan.place import Place


def at(place: Place, offset: int = 0) -> str:
    """C expression of a byte of a buffer."""
    return f"EDGEL3_AT_{place.region.upper()}({place.offset + offset})"


@dataclass(frozen=True)
class LaneMapView:
    """An edgel3_lanes_t, or one for each strip: they differ in `widths` only.

    `newest` is where a row is made before it moves into the ring, in C; NULL if it is made there.
    """

    name: str
    data: str
    ring: int
    height: int
    widths: tuple[int, ...]
    channels: int
    distance: int
    stride: int
    newest: str
    note: str

    @property
    def strips(self) -> bool:
        return len(self.widths) > 1


@dataclass(frozen=True)
class ListView:
    """One list of weights of a sparse step: its form in C, channels, the array's name, what it is."""

    form: str
    channels: int
    entries: str
    note: str


@dataclass(frozen=True)
class Span:
    """Positions that count in a strip, or in the whole row.

    The convolution's local positions [first, end) are computed, from position `origin` of the input on;
    [shown_first, shown_end) of the output are what an observer sees.
    """

    origin: int
    first: int
    end: int
    shown_first: int
    shown_end: int


@dataclass(frozen=True)
class LaneStepView:
    """What a step in lanes has beside its kernel's constants.

    It makes `rows` rows of its convolution; `reach` is a C expression for how many of the producer's it needs
    for row `row`. `spans` has one entry, or one for each strip. `columns`: rows are the map's columns.
    `output` is rows, pooled or global; `maxima` is where the last has its running maxima, in C. `behind` is
    the map that takes the rows of a group's last step. `lists` is empty for the kernel of one input channel.
    `keeps`: the input's newest row moves into its ring once it has been read.
    """

    columns: bool
    rows: int
    spans: tuple[Span, ...]
    output: Literal["rows", "pooled", "global"]
    reach: str
    lists: tuple[ListView, ...]
    maxima: str
    behind: str
    keeps: bool

    @property
    def pooled(self) -> bool:
        return self.output == "pooled"

    @property
    def strips(self) -> int:
        return len(self.spans)


@dataclass(frozen=True)
class EntryView:
    """The function that lays a map's rows out in lanes for the step `consumer`; `name` is its counter."""

    function: str
    name: str
    consumer: str
    source: str
    target: str
    columns: bool
    zero_point: int
    origins: tuple[int, ...]


@dataclass(frozen=True)
class LaneGroupView:
    """A function that runs a lane group, the maps within it, and what its steps have as lane steps.

    `last_index` and `channels` are its last step's. The function `last` pulls all rows, which
    `counters` count. `inputs` and `outputs` name, per step, the maps read and written; `producers`
    the function that is pulled.
    """

    name: str
    comment: str
    last_index: int
    channels: int
    last: str
    counters: tuple[str, ...]
    maps: tuple[LaneMapView, ...]
    entry: EntryView | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    producers: tuple[str | None, ...]
    steps: tuple[LaneStepView, ...]


def view_lanes(
    members: Group,
    first: int,
    *,
    rings: tuple[Place, ...],
    scratch: Place | None,
    maxima: Place | None,
    source: str,
    whole: str,
    lists: dict[str, tuple[ListView, ...]],
) -> LaneGroupView:
    """A lane group between the maps `source` and `whole`, with the lists of its sparse steps by name.

    `first` is the number of its first step.
    """
    lanes = members.lanes
    assert lanes is not None
    names = [ctext.identifier(step.name) for step in members.steps]
    buffers = [*([f"{names[0]}_entry"] if lanes.entry else []), *names]
    maps = tuple(
        _map(f"{name}_lanes", ring, place, _widths(lanes, index - bool(lanes.entry), ring), scratch)
        for index, (name, ring, place) in enumerate(zip(buffers, lanes.buffers, rings, strict=False))
    )
    reads = [f"{names[0]}_entry_lanes" if lanes.entry else source]
    reads += [f"{name}_lanes" for name in names[:-1]]
    writes = [*(f"{name}_lanes" for name in names[:-1]), f"{names[-1]}_lanes" if lanes.exit else whole]
    pulled = [f"{names[0]}_entry" if lanes.entry else None, *names[:-1]]
    entry = None
    if lanes.entry:
        origins = tuple(strip.origins[0] for strip in lanes.strips) or (0,)
        entry = EntryView(
            function=f"{names[0]}_entry",
            name=f"{names[0]}_entry_rows",
            consumer=names[0],
            source=source,
            target=reads[0],
            columns=lanes.columns,
            zero_point=members.steps[0].layer.input.zero_point,
            origins=origins,
        )
    steps = tuple(
        LaneStepView(
            columns=lanes.columns,
            rows=step.rows,
            spans=_spans(lanes, index, step),
            output="global" if step.kernel.reduced else "pooled" if step.kernel.pooled else "rows",
            reach=_reach(step, members.steps[index - 1] if index else None),
            lists=lists.get(step.name, ()),
            maxima="" if maxima is None or not step.kernel.reduced else at(maxima),
            behind=whole if lanes.exit and step is members.steps[-1] else "",
            keeps=index > 0 and lanes.rings[index - 1].newest is not None,
        )
        for index, step in enumerate(members.steps)
    )
    return LaneGroupView(
        name="_to_".join(dict.fromkeys((names[0], names[-1]))) + "_in_lanes",
        comment=_comment(members),
        last_index=first + len(members.steps) - 1,
        channels=members.steps[-1].output_shape[2],
        last=names[-1],
        counters=(*([entry.name] if entry else []), *(f"{name}_rows" for name in names)),
        maps=maps,
        entry=entry,
        inputs=tuple(reads),
        outputs=tuple(writes),
        producers=tuple(pulled),
        steps=steps,
    )


def _comment(members: Group) -> str:
    assert members.lanes is not None
    strips = members.lanes.strips
    what = " to ".join(dict.fromkeys((members.steps[0].name, members.steps[-1].name)))
    how = "column by column" if members.lanes.columns else "row by row"
    return f"{what}, {how}" + (f", in {len(strips)} strips one after the other" if len(strips) > 1 else "")


def _map(name: str, ring: Ring, place: Place, widths: tuple[int, ...], scratch: Place | None) -> LaneMapView:
    lanes = ring.lanes
    newest, beside = "NULL", ""
    if ring.newest is not None:
        assert scratch is not None
        newest, beside = at(scratch, ring.newest), ", and one in the workspace while it is read"
    return LaneMapView(
        name=name,
        data=at(place),
        ring=ring.rows,
        height=ring.height,
        widths=widths,
        channels=lanes.channels,
        distance=lanes.distance,
        stride=lanes.stride,
        newest=newest,
        note=f"ring of {ring.rows} rows, {ring.bytes:,} bytes{beside}",
    )


def _widths(lanes: LaneGroup, step: int, ring: Ring) -> tuple[int, ...]:
    """Positions in the rows behind step number `step`, -1 for the entry, in each strip."""
    if not lanes.strips:
        return (ring.lanes.width,)
    if step < 0:
        return tuple(strip.widths[0] for strip in lanes.strips)
    if step + 1 < len(lanes.strips[0].widths):
        return tuple(strip.widths[step + 1] for strip in lanes.strips)
    return (ring.lanes.width,) * len(lanes.strips)


def _spans(lanes: LaneGroup, index: int, step: Step) -> tuple[Span, ...]:
    if not lanes.strips:
        shown = step.positions // 2 if step.kernel.pooled else step.positions
        return (Span(0, 0, step.positions, 0, shown),)
    return tuple(
        Span(strip.origins[index], *strip.counted[index], *strip.owned[index]) for strip in lanes.strips
    )


def _reach(step: Step, producer: Step | None) -> str:
    """C expression: rows that must be there before row `row`, in the units of the producer."""
    height = step.input_shape[1 if step.kernel.columns else 0]
    rows = f"least(row + 2, {height})"
    return f"2 * {rows}" if producer is not None and producer.kernel.pooled else rows
