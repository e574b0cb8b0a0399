"""One run of a sparse convolution over a whole map, on this machine or rendered to C."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.list_sizes import ListSplit
from edgel3_deploy.plan.pack_sparse import PackedSparse, pack_sparse
from tests.firmware.kernels.calls import Int8Array, pool_of
from tests.firmware.kernels.target import array

KINDS = ("rows", "pooled", "global")
FORMS = ("taps", "bytes1", "bytes4", "taps_general", "bytes1_general", "bytes4_general")


@dataclass(frozen=True)
class SparseCall:
    """A convolution whose rows run in lanes `distance` apart; `resident` and `taps` channels as taps.

    `ring` rows of its input, and of its output, exist at a time (0: all). A strip reads positions [begin,
    stop) of each row (stop 0: to the end); those beside a cut lack a neighbour and do not count.
    """

    layer: Conv2D
    kind: str
    distance: int
    columns: bool
    resident: int = 0
    taps: int = 0
    ring: int = 0
    begin: int = 0
    stop: int = 0

    def pack(self) -> PackedSparse:
        split = ListSplit(self.resident, self.taps)
        return pack_sparse(self.layer, split, self.columns, self.kind == "global")

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the engine, and the positions that the strip reads."""
        height, width, _ = self.layer.input.shape
        rows, positions = (width, height) if self.columns else (height, width)
        return rows, (self.stop or positions) - self.begin

    @property
    def counted(self) -> tuple[int, int]:
        """Positions of the strip that count, pairs where they are pooled."""
        grain = 2 if self.kind == "pooled" else 1
        return grain if self.begin else 0, self.rows[1] - (grain if self.stop else 0)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Of what the strip makes, whether it counts or not."""
        rows, positions = self.rows
        channels = self.layer.output.shape[2]
        if self.kind == "global":
            return (1, 1, channels)
        scale = 2 if self.kind == "pooled" else 1
        made = (rows // scale, positions // scale)
        return (*(made[::-1] if self.columns else made), channels)

    def counting(self, output: Int8Array) -> Int8Array:
        """The part of what a strip makes that counts."""
        if self.kind == "global":
            return output
        scale = 2 if self.kind == "pooled" else 1
        first, end = (position // scale for position in self.counted)
        return output[first:end] if self.columns else output[:, first:end]

    def expected(self, values: Int8Array) -> Int8Array:
        """What `counting` leaves of the right output."""
        first, end = (self.begin + position for position in self.counted)
        whole = run_layer(self.layer, values)
        if self.kind == "pooled":
            whole = run_layer(pool_of(self.layer.output), whole)
            first, end = first // 2, end // 2
        result = whole[first:end] if self.columns else whole[:, first:end]
        return result.max(axis=(0, 1), keepdims=True) if self.kind == "global" else result


def stride(width: int, distance: int) -> int:
    """Bytes of a channel's row in lanes."""
    whole, rest = divmod(width, 2 * distance)
    return 2 * (whole * distance + -(-min(distance, rest) // 4) * 4)


def render(number: int, call: SparseCall, values: Int8Array, measured: range | None = None) -> str:
    """C of a case: fills `case<number>_output`; `case<number>_measured` runs these rows again."""
    packed, name = call.pack(), f"case{number}"
    rows, width = call.rows
    first, end = (measured.start, measured.stop) if measured else (0, 0)
    low, high = call.counted
    by_columns = str(call.columns).lower()
    inputs, outputs = call.layer.input.shape[2], call.layer.output.shape[2]
    height, wide, _ = call.layer.input.shape
    pooled = call.kind == "pooled"
    steep = (width // 2, call.distance // 2) if pooled else (width, call.distance)
    out_rows = rows // 2 if pooled else rows
    ring, out_ring = call.ring or rows, max(min(call.ring or out_rows, out_rows), 1)
    records = ", ".join(
        "{" + ", ".join(f"(int32_t){value}" for value in row) + "}" for row in packed.channels.tolist()
    )
    channels = f"static const edgel3_sparse_channel_t {name}_channels[] = {{{records}}};"
    parts = [
        array(f"{name}_input", values),
        channels.replace("(int32_t)-2147483648", "INT32_MIN").replace("(int32_t)", ""),
    ]
    lists, fills, record, decoded = [], [], 0, 0
    for index, part in enumerate(packed.lists):
        entries = f"{name}_list{index}"
        form = f"EDGEL3_LIST_{part.form.upper()}"
        if part.form.startswith("taps"):
            text = ", ".join(f"{{{name}_scratch + {o}, {w} * 512}}" for o, w in part.entries.tolist())
            parts.append(f"static const edgel3_tap_t {entries}[] = {{{text}}};")
        else:
            text = ", ".join(map(str, part.entries.ravel().tolist()))
            parts.append(f"static const uint8_t {entries}[] __attribute__((aligned(8))) = {{{text}}};")
            if part.first < call.resident:
                where = f"{name}_taps + {decoded}"
                stored = f"&(const edgel3_sparse_list_t){{{form}, {part.channels}, {entries}}}"
                fills.append(
                    f"edgel3_sparse_unpack({name}_channels + {record}, {stored}, {name}_scratch, {where});"
                )
                decoded += int(packed.channels[record : record + part.channels, 0].sum()) // 8
                form = form.replace("BYTES1", "TAPS").replace("BYTES4", "TAPS")
                entries = where
        lists.append(f"{{{form}, {part.channels}, {entries}}}")
        record += part.channels
    size = max(out_ring * outputs * stride(*steep), 8)
    parts.insert(0, f"static int8_t {name}_scratch[{72 * inputs}] __attribute__((aligned(8)));")
    parts.insert(1, f"edgel3_tap_t {name}_taps[{decoded + 1}];")
    parts.append(f"""
static int8_t {name}_in[{8 + ring * inputs * stride(width, call.distance)}] __attribute__((aligned(8)));
static int8_t {name}_lanes[{size}] __attribute__((aligned(8)));
int8_t {name}_output[{max(int(np.prod(call.output_shape)), 1)}];
static int32_t {name}_maxima[{outputs}];
void {name}(void);
void {name}_measured(void);
static const edgel3_sparse_list_t {name}_lists[] = {{{", ".join(lists)}}};
static const edgel3_sparse_t {name}_conv = {{
        {name}_channels, {name}_lists, {len(lists)},
        {call.layer.input.zero_point}, {call.layer.output.zero_point},
        {call.layer.activation_min},
        {call.layer.activation_max},
        (edgel3_sparse_output_t){KINDS.index(call.kind)}}};
static const edgel3_map_t {name}_map = {{(int8_t *)(uintptr_t){name}_input, {height}, {height}, {wide},
        {inputs}}};
static const edgel3_lanes_t {name}_source = {{{name}_in, {ring}, {rows}, {width}, {inputs}, {call.distance},
        {stride(width, call.distance)}, 0}};
static const edgel3_lanes_t {name}_target = {{{name}_lanes, {out_ring}, {out_rows}, {steep[0]},
        {outputs}, {steep[1]}, {stride(*steep)}, 0}};
static const edgel3_map_t {name}_made = {{{name}_output, {call.output_shape[0]}, {call.output_shape[0]},
        {call.output_shape[1]}, {outputs}}};
static void {name}_run(int32_t first, int32_t end)
{{
    for (int32_t row = first; row < end; row++) {{
        if ({name}_conv.output == EDGEL3_SPARSE_GLOBAL) {{
            edgel3_conv_sparse_global(&{name}_conv, &{name}_source, {name}_maxima, row, {low}, {high},
                                      {name}_scratch);
        }} else {{
            edgel3_conv_sparse(&{name}_conv, &{name}_source, &{name}_target, row, {low}, {high},
                               {name}_scratch);
        }}
    }}
}}
void {name}_measured(void) {{ {name}_run({first}, {end}); }}
static void {name}_load(int32_t row)
{{
    if (row < {rows}) {{
        edgel3_lanes_from_map(&{name}_map, {by_columns}, &{name}_source, row, {call.begin});
        edgel3_lanes_pad(&{name}_source, row, {call.layer.input.zero_point});
    }}
}}
void {name}(void)
{{
    {" ".join(fills)}
    edgel3_sparse_maxima_begin({name}_maxima, {outputs});
    {name}_load(0);
    for (int32_t row = 0; row < {rows}; row++) {{
        {name}_load(row + 1);
        {name}_run(row, row + 1);
        if ({name}_conv.output == EDGEL3_SPARSE_ROWS) {{
            edgel3_map_from_lanes(&{name}_target, row, {by_columns}, &{name}_made);
        }} else if ({name}_conv.output == EDGEL3_SPARSE_POOLED && row % 2 == 1) {{
            edgel3_map_from_lanes(&{name}_target, row / 2, {by_columns}, &{name}_made);
        }}
    }}
    if ({name}_conv.output == EDGEL3_SPARSE_GLOBAL) {{
        edgel3_sparse_maxima_end(&{name}_conv, {name}_maxima, {outputs}, {name}_output);
    }}
}}""")
    return "\n".join(parts)


def output_of(library: ctypes.CDLL, number: int, call: SparseCall) -> NDArray[np.int8]:
    """Run a case of a library."""
    getattr(library, f"case{number}")()
    size = int(np.prod(call.output_shape))
    made = (ctypes.c_int8 * size).in_dll(library, f"case{number}_output")
    return np.frombuffer(bytes(made), np.int8).reshape(call.output_shape)
