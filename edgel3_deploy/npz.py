"""Arrays out of an .npz of which nothing is believed: sizes are checked before anything is expanded."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 28
MAX_ARRAYS = 1_000
_KINDS = "biuf"


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of numbers in an .npz's bytes by name, in their own memory.

    Raises ValueError for whatever is no such file, and for more than MAX_BYTES or MAX_ARRAYS.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_ARRAYS or sum(member.file_size for member in members) > MAX_BYTES:
                raise ValueError("it would expand to more than is sensible")
            return {
                member.filename.removesuffix(".npy"): _array(_expanded(archive, member)) for member in members
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        SyntaxError,
        TypeError,
    ) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _expanded(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise ValueError(f"{member.filename} is not of the size that it claims")
    return content


def _array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=10_000)
    elif version == (2, 0):
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(stream, max_header_size=10_000)
    else:
        raise ValueError(f"arrays of format {version}")
    data = content[stream.tell() :]
    count = 1
    for extent in shape:
        count *= extent
    if dtype.kind not in _KINDS or min(shape, default=1) < 0 or count * dtype.itemsize != len(data):
        raise ValueError(f"an array of {dtype} and shape {shape} in {len(data)} bytes")
    values = np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")
    return values.copy(order="K")
