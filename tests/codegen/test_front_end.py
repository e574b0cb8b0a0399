"""The generated tables hold exactly the values of the twin's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgel3_deploy.audio.front_end_tables import LOGARITHM, affine, front_end_tables
from edgel3_deploy.audio.frontend import L3, SEA, FrontEnd
from edgel3_deploy.codegen.front_end import HEADER, SOURCE, front_end_files

BOTH = pytest.mark.parametrize("sizes", [SEA, L3], ids=["sea", "l3"])
AFFINE = affine(1.0, 0.0, 80 / 255, 127)


def _arrays(source: str) -> dict[str, list[str]]:
    found = re.findall(r"const \w+ (\w+)\[(\d+)\] = \{(.*?)\};", source, re.DOTALL)
    arrays = {name: [text.strip() for text in body.split(",") if text.strip()] for name, _, body in found}
    assert {name: len(values) for name, values in arrays.items()} == {name: int(n) for name, n, _ in found}
    return arrays


@BOTH
def test_arrays(sizes: FrontEnd) -> None:
    tables = front_end_tables(sizes)
    arrays = _arrays(front_end_files(sizes, AFFINE)[SOURCE].decode())
    expected = {"half_window": tables.window, "split": tables.split, "slope": tables.slope}
    expected |= {f"twiddles_{number}": table for number, table in enumerate(tables.twiddles, 1)}
    for name, values in expected.items():
        found = [float.fromhex(text.rstrip("F")) for text in arrays.pop(f"front_end_{name}")]
        assert np.array_equal(np.array(found), values.ravel().astype(np.float64))
    assert [int(text) for text in arrays.pop("front_end_ends")] == tables.ends.tolist()
    assert [int(text) for text in arrays.pop("front_end_norm")] == tables.norm.tolist()
    assert not arrays


@BOTH
def test_sizes_and_constants(sizes: FrontEnd) -> None:
    header = front_end_files(sizes, AFFINE)[HEADER].decode()
    values = dict(re.findall(r"#define FRONT_END_(\w+) \(?([^()\s]+)\)?", header))
    assert int(values["LENGTH"]) == sizes.n_fft
    assert int(values["HOP"]) == sizes.hop_length
    assert [int(values[name]) for name in ("SLOPE", "OFFSET", "SHIFT", "LOWEST")] == [
        AFFINE.slope,
        AFFINE.offset,
        AFFINE.shift,
        AFFINE.lowest,
    ]
    coefficients = [float.fromhex(values[f"LOG_{index}"].rstrip("F")) for index in range(len(LOGARITHM))]
    assert np.array_equal(np.array(coefficients), LOGARITHM.astype(np.float64))


@pytest.mark.parametrize("sizes, size", [(SEA, 10_566), (L3, 21_958)], ids=["sea", "l3"])
def test_the_tables_flash(sizes: FrontEnd, size: int) -> None:
    bytes_of = {"float": 4, "int32_t": 4, "uint16_t": 2}
    source = front_end_files(sizes, AFFINE)[SOURCE].decode()
    arrays = re.findall(r"const (\w+) \w+\[(\d+)\] = ", source)
    assert sum(bytes_of[type_] * int(count) for type_, count in arrays) == size
