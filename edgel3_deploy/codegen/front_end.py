"""The front end's tables as C, for one network's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.front_end_tables import (
    LOGARITHM,
    Affine,
    FrontEndTables,
    front_end_tables,
)
from edgel3_deploy.audio.frontend import FloatArray, FrontEnd
from edgel3_deploy.codegen import ctext
from edgel3_deploy.codegen.render import render

HEADER, SOURCE = "front_end_tables.h", "front_end_tables.c"


def front_end_files(sizes: FrontEnd, affine: Affine, *, streams: bool = True) -> dict[str, bytes]:
    """front_end_tables.h and .c, by name; `streams`: a stream goes on from window to window."""
    tables = front_end_tables(sizes)
    values = {
        "tables": tables,
        "affine": affine,
        "streams": streams,
        "logarithm": [_float(value) for value in LOGARITHM.tolist()],
        "arrays": _arrays(tables),
    }
    return {
        HEADER: render("front_end_tables.h.j2", **values),
        SOURCE: render("front_end_tables.c.j2", **values),
    }


@dataclass(frozen=True)
class _Array:
    name: str
    type: str
    size: int
    rows: str
    doc: str


def _arrays(tables: FrontEndTables) -> tuple[_Array, ...]:
    factors = "Cosine and sine of the factors of pass"
    return (
        _floats("half_window", tables.window, "Half the Hann window up to its middle, halved once more."),
        *(
            _floats(f"twiddles_{number}", table, f"{factors} {number}, counted from 0.")
            for number, table in enumerate(tables.twiddles, 1)
        ),
        _floats("split", tables.split, "Cosine and sine of 2 pi k / LENGTH."),
        _floats("slope", tables.slope, "The part of bin k that goes to the rising band."),
        _integers("ends", "uint16_t", tables.ends, "Where the bins between two neighbouring centres end."),
        _integers("norm", "int32_t", tables.norm, "Slaney's factor of each band: log2 in Q24."),
    )


def _floats(name: str, values: FloatArray, doc: str) -> _Array:
    texts = [_float(value) for value in values.ravel().tolist()]
    lines = (", ".join(texts[start : start + 5]) for start in range(0, len(texts), 5))
    rows = ",\n".join(f"    {line}" for line in lines)
    return _Array(f"front_end_{name}", "float", values.size, rows, doc)


def _integers(name: str, type_: str, values: NDArray[np.uint16] | NDArray[np.int32], doc: str) -> _Array:
    return _Array(f"front_end_{name}", type_, values.size, ctext.rows(values), doc)


def _float(value: float) -> str:
    """A float32 as the C literal of exactly that value."""
    return f"{value.hex()}F"
