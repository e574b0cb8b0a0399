"""The front end's C, compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.front_end_tables import Affine
from edgel3_deploy.audio.frontend import FrontEnd
from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.codegen.front_end import SOURCE, front_end_files
from edgel3_deploy.resources import firmware_dir
from tests.firmware.kernels.target import WARNINGS

SOURCES = tuple(sorted((firmware_dir() / "front_end").glob("*.c")))
EXACT = ("-ffp-contract=off",)
_SIZES = """#include "front_end/front_end.h"
const uint32_t front_end_bytes = sizeof(front_end_t);
"""
_GUARD, _POISON = 64, 0x5A


def write_tables(folder: Path, front_end: FrontEnd, affine: Affine, *, streams: bool = True) -> Path:
    """The generated tables in `folder`; returns the source."""
    for name, content in front_end_files(front_end, affine, streams=streams).items():
        (folder / name).write_bytes(content)
    return folder / SOURCE


class HostFrontEnd:
    """A front end in either form, with the undefined-behaviour sanitizer trapping and memory guarded."""

    def __init__(
        self,
        compiler: Path,
        folder: Path,
        front_end: FrontEnd,
        affine: Affine,
        flags: Iterable[str] = (),
        *,
        streams: bool = True,
    ) -> None:
        tables = write_tables(folder, front_end, affine, streams=streams)
        library = folder / "front_end.so"
        (folder / "sizes.c").write_text(_SIZES)
        sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
        command = [compiler, *WARNINGS, *sanitize, "-O2", *EXACT, *flags, "-shared", "-fPIC", f"-I{folder}"]
        command += [f"-I{firmware_dir()}", *SOURCES, tables, folder / "sizes.c", "-o", library]
        subprocess.run([str(word) for word in command], check=True)
        self._library = ctypes.CDLL(str(library))
        self._library.front_end_ready.restype = ctypes.c_bool
        self.state_bytes = ctypes.c_uint32.in_dll(self._library, "front_end_bytes").value
        self._state = _guarded(self.state_bytes)
        self._input = _guarded(front_end.n_mels * front_end.frames)
        self._shape = (front_end.n_mels, front_end.frames, 1)

    def start(self) -> None:
        """Begin a stream, in memory that holds anything."""
        self._state[_GUARD:-_GUARD] = _POISON
        self._library.front_end_start(_behind_guard(self._state))

    def push(self, samples: PcmArray) -> None:
        """Take samples."""
        block = np.ascontiguousarray(samples)
        self._library.front_end_push(
            _behind_guard(self._state), ctypes.c_void_p(block.ctypes.data), block.size
        )

    def ready(self) -> bool:
        """Whether the last second is a window."""
        return bool(self._library.front_end_ready(_behind_guard(self._state)))

    def window(self) -> NDArray[np.int8]:
        """The input of the last second, int8 (n_mels, frames, 1), written nowhere else."""
        self._library.front_end_window(_behind_guard(self._state), _behind_guard(self._input))
        for memory in (self._state, self._input):
            assert (memory[:_GUARD] == _POISON).all() and (memory[-_GUARD:] == _POISON).all()
        return self._input[_GUARD:-_GUARD].reshape(self._shape).copy()

    def one(self, pcm: PcmArray) -> NDArray[np.int8]:
        """The input of one window, pushed in one piece into a new stream."""
        self.start()
        self.push(pcm)
        assert self.ready()
        return self.window()


def _guarded(size: int) -> NDArray[np.int8]:
    return np.full(size + 2 * _GUARD, _POISON, np.int8)


def _behind_guard(memory: NDArray[np.int8]) -> ctypes.c_void_p:
    return ctypes.c_void_p(memory[_GUARD:].ctypes.data)
