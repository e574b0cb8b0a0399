"""One run of a sparse convolution over a whole map, on this machine or rendered to C."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.graph.ir import Conv2D
from edgel3_deploy.graph.reference import run_layer
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.pack_sparse import PackedSparse, pack_sparse
from tests.firmware.kernels.calls import Int8Array, pool_of
from tests.firmware.kernels.target import array

KINDS = ("rows", "pooled", "global")
FORMS = ("taps", "bytes1", "bytes4", "taps_general", "bytes1_general", "bytes4_general")


@dataclass(frozen=True)
class SparseCall:
    """A convolution whose rows run in lanes `distance` apart; `resident` and `taps` channels as taps."""

    layer: Conv2D
    kind: str
    distance: int
    columns: bool
    resident: int = 0
    taps: int = 0

    def pack(self) -> PackedSparse:
        split = SimpleNamespace(resident=self.resident, taps=self.taps)
        return pack_sparse(self.layer, split, self.columns, self.kind == "global")

    @property
    def rows(self) -> tuple[int, int]:
        """Rows and positions of the engine."""
        height, width, _ = self.layer.input.shape
        return (width, height) if self.columns else (height, width)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        height, width, channels = self.layer.output.shape
        if self.kind == "pooled":
            return (height // 2, width // 2, channels)
        return (1, 1, channels) if self.kind == "global" else (height, width, channels)

    def expected(self, values: Int8Array) -> Int8Array:
        result = run_layer(self.layer, values)
        if self.kind == "pooled":
            return run_layer(pool_of(self.layer.output), result)
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
    by_columns = str(call.columns).lower()
    inputs, outputs = call.layer.input.shape[2], call.layer.output.shape[2]
    height, wide, _ = call.layer.input.shape
    pooled = call.kind == "pooled"
    steep = (width // 2, call.distance // 2) if pooled else (width, call.distance)
    out_rows = rows // 2 if pooled else rows
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
    size = max(out_rows * outputs * stride(*steep), 8)
    parts.insert(0, f"static int8_t {name}_scratch[{72 * inputs}] __attribute__((aligned(8)));")
    parts.insert(1, f"edgel3_tap_t {name}_taps[{decoded + 1}];")
    parts.append(f"""
static int8_t {name}_in[{8 + rows * inputs * stride(width, call.distance)}] __attribute__((aligned(8)));
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
        {call.layer.activation_max}, (edgel3_requantize_t){int(requantize_form(call.layer))},
        (edgel3_sparse_output_t){KINDS.index(call.kind)}}};
static const edgel3_map_t {name}_map = {{(int8_t *)(uintptr_t){name}_input, {height}, {height}, {wide},
        {inputs}}};
static const edgel3_lanes_t {name}_source = {{{name}_in, {rows}, {rows}, {width}, {inputs}, {call.distance},
        {stride(width, call.distance)}}};
static const edgel3_lanes_t {name}_target = {{{name}_lanes, {max(out_rows, 1)}, {out_rows}, {steep[0]},
        {outputs}, {steep[1]}, {stride(*steep)}}};
static const edgel3_map_t {name}_made = {{{name}_output, {call.output_shape[0]}, {call.output_shape[0]},
        {call.output_shape[1]}, {outputs}}};
static void {name}_run(int32_t first, int32_t end)
{{
    for (int32_t row = first; row < end; row++) {{
        if ({name}_conv.output == EDGEL3_SPARSE_GLOBAL) {{
            edgel3_conv_sparse_global(&{name}_conv, &{name}_source, {name}_maxima, row, 0, {width},
                                      {name}_scratch);
        }} else {{
            edgel3_conv_sparse(&{name}_conv, &{name}_source, &{name}_target, row, 0, {width},
                               {name}_scratch);
        }}
    }}
}}
void {name}_measured(void) {{ {name}_run({first}, {end}); }}
void {name}(void)
{{
    {" ".join(fills)}
    for (int32_t row = 0; row < {rows}; row++) {{
        edgel3_lanes_from_map(&{name}_map, {by_columns}, &{name}_source, row, 0);
        edgel3_lanes_pad(&{name}_source, row, {call.layer.input.zero_point});
    }}
    edgel3_sparse_maxima_begin({name}_maxima, {outputs});
    {name}_run(0, {rows});
    if ({name}_conv.output == EDGEL3_SPARSE_GLOBAL) {{
        edgel3_sparse_maxima_end(&{name}_conv, {name}_maxima, {outputs}, {name}_output);
    }} else {{
        for (int32_t row = 0; row < {name}_target.height; row++) {{
            edgel3_map_from_lanes(&{name}_target, row, {by_columns}, &{name}_made);
        }}
    }}
}}""")
    return "\n".join(parts)


def output_of(library: ctypes.CDLL, number: int, call: SparseCall) -> NDArray[np.int8]:
    """Run a case of a library."""
    getattr(library, f"case{number}")()
    size = int(np.prod(call.output_shape))
    made = (ctypes.c_int8 * size).in_dll(library, f"case{number}_output")
    return np.frombuffer(bytes(made), np.int8).reshape(call.output_shape)
