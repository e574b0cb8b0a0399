"""Packed constants of the native kernels as C arrays, and the RAM that is filled from them at start."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.native_lanes import ListView, at
from edgel3_deploy.graph.ir import Conv2D, FullyConnected
from edgel3_deploy.plan.bounds import requantize_form
from edgel3_deploy.plan.kernel import WINOGRAD_TILE, Step
from edgel3_deploy.plan.list_sizes import TAP_BYTES
from edgel3_deploy.plan.pack_direct import pack_direct, pack_fully_connected
from edgel3_deploy.plan.pack_mono import pack_mono
from edgel3_deploy.plan.pack_sparse import SparseList, pack_sparse
from edgel3_deploy.plan.pack_winograd import pack_f22, pack_f44
from edgel3_deploy.plan.packed import PackedConv
from edgel3_deploy.plan.resident import Resident


@dataclass(frozen=True)
class ArrayView:
    """A constant array: element type, C name, elements, what it is, and its rows as C text.

    `tile` is a C expression for what the rows call TILE: where taps find a tile's expanded positions.
    """

    type: str
    name: str
    size: int
    meaning: str
    rows: str
    tile: str = ""


@dataclass(frozen=True)
class ResidentView:
    """An array at `place`, in C, that edgel3_start() fills by the statements `fills`; `name` is a macro."""

    type: str
    name: str
    place: str
    channels: int
    fills: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Constants:
    """All of one step: arrays in flash, lists of a sparse kernel, and its resident array if there is one."""

    arrays: tuple[ArrayView, ...] = ()
    lists: tuple[ListView, ...] = ()
    resident: ResidentView | None = None


def constants(step: Step, tile: str, resident: Resident | None) -> Constants:
    """The constants of a step; `tile` is a C expression for its scratch, where taps point."""
    if not isinstance(step.layer, Conv2D | FullyConnected):
        return Constants()
    if step.kernel.name == "sparse":
        return _sparse(step, tile, resident)
    return Constants(tuple(_dense(step)), (), None if resident is None else _transformed(step, resident))


def pack(step: Step) -> PackedConv:
    """The constants of a step's convolution or fully connected layer, as its dense kernel reads them."""
    layer = step.layer
    form = requantize_form(layer)  # type: ignore[arg-type]
    if isinstance(layer, FullyConnected):
        return pack_fully_connected(layer, form)
    assert isinstance(layer, Conv2D)
    if step.kernel.name == "f44":
        return pack_f44(layer, step.kernel.stored_channels, form)
    if step.kernel.name == "f22":
        return pack_f22(layer, step.kernel.stored_channels, form)
    if step.kernel.columns:
        layer = transposed(layer)
    mono = step.kernel.name in ("mono", "mono_lanes")
    return pack_mono(layer, form) if mono else pack_direct(layer, form)


def _dense(step: Step) -> Iterable[ArrayView]:
    name = ctext.identifier(step.name)
    packed = pack(step)
    words = ctext.word_rows(packed.weights)
    yield ArrayView("uint32_t", f"edgel3_{name}_weights", packed.weights.size, _layout(step), words)
    yield ArrayView(
        "edgel3_channel_t",
        f"edgel3_{name}_channels",
        len(packed.channels),
        "bias, multiplier, rounding, shift",
        ctext.struct_rows(packed.channels),
    )
    if step.kernel.name == "f44":
        yield ArrayView(
            "int32_t",
            f"edgel3_{name}_corrections",
            len(packed.corrections),
            "of outputs (2, 2), (2, 3), (3, 2), (3, 3)",
            ctext.struct_rows(packed.corrections),
        )


def _resident_name(step: str) -> str:
    return f"{step.upper()}_RESIDENT"


def _transformed(step: Step, resident: Resident) -> ResidentView:
    name = ctext.identifier(step.name)
    macro = _resident_name(name)
    arguments = f"&{name}_conv, {step.input_shape[2]}, {macro}"
    return ResidentView(
        type="int16_t",
        name=macro,
        place=at(resident.place),
        channels=resident.channels,
        fills=(f"edgel3_conv_{step.kernel.name}_start({arguments})",),
        note=f"weights of {resident.channels} channels, transformed at start",
    )


def _layout(step: Step) -> str:
    layer = step.layer
    assert isinstance(layer, Conv2D | FullyConnected)
    how = ""
    if step.kernel.name in WINOGRAD_TILE:
        how = f"{step.kernel.stored_channels} channels as transformed int16 pairs, the others as int8; "
    return f"{how}{ctext.shape(layer.weights.shape)} packed for {step.kernel.name}"


def transposed(conv: Conv2D) -> Conv2D:
    """The convolution with the axes of its kernel swapped, as kernels read it that go by columns."""
    return dataclasses.replace(conv, weights=conv.weights.transpose(0, 2, 1, 3))


def _sparse(step: Step, tile: str, resident: Resident | None) -> Constants:
    """Channels, then a list for each run of channels in one form."""
    layer = step.layer
    assert isinstance(layer, Conv2D)
    name = ctext.identifier(step.name)
    packed = pack_sparse(layer, step.kernel.lists, step.kernel.columns, step.kernel.reduced)
    arrays = [
        ArrayView(
            "edgel3_sparse_channel_t",
            f"edgel3_{name}_channels",
            len(packed.channels),
            "of each list: bytes, entry, start, offset, requantization",
            ctext.struct_rows(packed.channels),
        )
    ]
    lists: list[ListView] = []
    fills: list[str] = []
    record = decoded = 0
    for part in packed.lists:
        view, array = _list(name, part, tile)
        arrays.append(array)
        if resident is not None and part.first < resident.channels:
            fills.append(_unpack(name, view, record, decoded, tile))
            view = ListView(
                view.form.replace("BYTES1", "TAPS").replace("BYTES4", "TAPS"),
                view.channels,
                f"{_resident_name(name)}{_offset(decoded)}",
                f"{view.note}, decoded",
            )
            decoded += int(packed.channels[record : record + part.channels, 0].sum()) // TAP_BYTES
        lists.append(view)
        record += part.channels
    filled = None
    if resident is not None:
        filled = ResidentView(
            type="edgel3_tap_t",
            name=_resident_name(name),
            place=at(resident.place),
            channels=resident.channels,
            fills=tuple(fills),
            note=f"lists of {resident.channels} channels, decoded at start",
        )
    return Constants(tuple(arrays), tuple(lists), filled)


def _list(name: str, part: SparseList, tile: str) -> tuple[ListView, ArrayView]:
    """A list and its entries; `part.channels` counts records, of which some channels have more than one."""
    form = part.form.upper()
    note = f"from channel {part.first} on"
    array_name = f"edgel3_{name}_{part.form}_{part.first}"
    if form.startswith("TAPS"):
        rows = _taps(part.entries.tolist())
        entries = ArrayView("edgel3_tap_t", array_name, len(part.entries), note, rows, tile)
    else:
        entries = ArrayView("uint8_t", array_name, part.entries.size, note, _bytes(part))
    return ListView(form, part.channels, array_name, note), entries


def _unpack(name: str, view: ListView, record: int, decoded: int, tile: str) -> str:
    """The statement that decodes a list into the resident array from entry `decoded` on."""
    packed = f"&(const edgel3_sparse_list_t){{ EDGEL3_LIST_{view.form}, {view.channels}, {view.entries} }}"
    channels = f"edgel3_{name}_channels{_offset(record)}"
    taps = f"{_resident_name(name)}{_offset(decoded)}"
    return f"edgel3_sparse_unpack({channels}, {packed}, {tile}, {taps})"


def _offset(count: int) -> str:
    return f" + {count}" if count else ""


def _taps(entries: Sequence[tuple[int, int]]) -> str:
    taps = [f"{{TILE + {offset}, {weight} * 512}}" for offset, weight in entries]
    return "\n".join("    " + ", ".join(taps[at : at + 5]) + "," for at in range(0, len(taps), 5))


def _bytes(part: SparseList) -> str:
    values = part.entries.ravel().tolist()
    return "\n".join(
        "    " + ",".join(map(str, values[at : at + 32])) + "," for at in range(0, len(values), 32)
    )
