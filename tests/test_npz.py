"""Arrays come back as they were saved; bombs and objects are refused before they cost anything."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike

from edgel3_deploy import npz
from edgel3_deploy.npz import read_arrays


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return stream.getvalue()


def array(values: ArrayLike, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values, **options)
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves(save: Callable[..., None]) -> None:
    stream = io.BytesIO()
    given = {
        "a": np.arange(12, dtype=np.int8).reshape(3, 4),
        "b": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "c": np.zeros((0, 32), np.uint8),
        "d": np.array(True),
    }
    save(stream, **given)
    arrays = read_arrays(stream.getvalue())
    assert arrays.keys() == given.keys()
    for name, values in given.items():
        assert arrays[name].dtype == values.dtype
        np.testing.assert_array_equal(arrays[name], values)


def test_objects_are_not_unpickled() -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("executed",)

    content = array(np.zeros(1))[:-8].replace(b"'<f8'", b"'|O' ") + pickle.dumps(Trap())
    with pytest.raises(ValueError, match="array of object"):
        read_arrays(archive(a=content))


def test_a_claim_that_the_data_do_not_bear_out_allocates_nothing() -> None:
    content = array(np.zeros(10)).replace(b"(10,)", b"(999999999999,)").replace(b"  ", b"", 5)
    with pytest.raises(ValueError):
        read_arrays(archive(a=content))


def test_an_archive_that_expands_without_end_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "MAX_BYTES", 1 << 20)
    with pytest.raises(ValueError, match="more than is sensible"):
        read_arrays(archive(a=array(np.zeros(1 << 18))))


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"x" * 100])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_arrays(content)
