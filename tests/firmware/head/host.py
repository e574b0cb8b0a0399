"""firmware/head/ compiled for this machine and called through ctypes, undefined behaviour trapping."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.head.arithmetic import Int8Array, Logistic, Softmax
from edgel3_deploy.resources import firmware_dir
from tests.firmware.stand_in import head_files

FIRMWARE = firmware_dir()
INCLUDES = (f"-I{FIRMWARE}", f"-I{FIRMWARE / 'include'}")
SOURCES = (
    *sorted((FIRMWARE / "head").glob("*.c")),
    FIRMWARE / "kernels" / "fully_connected.c",
    FIRMWARE / "kernels" / "requantize_general.c",
)
CONTEXT = 1 << 16
"""Bytes enough for any context."""
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion")


def compile_host(compiler: Path, folder: Path, *generated: Path | str) -> Path:
    """The kernels, with generated sources, as a shared library."""
    library = folder / "head.so"
    sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
    command = (compiler, *WARNINGS, *sanitize, "-O2", "-shared", "-fPIC", *INCLUDES, *SOURCES, *generated)
    subprocess.run([*map(str, command), "-o", str(library)], check=True)
    return library


class _Logistic(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("zero_point", "radius", "multiplier", "shift")]


class _Softmax(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("diff_min", "multiplier", "shift")]


class HostHead:
    """LOGISTIC and SOFTMAX."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))

    def logistic(self, constants: Logistic, values: Int8Array) -> Int8Array:
        """The scores of int8 (n,)."""
        return self._call("head_logistic", _Logistic(**vars(constants)), values)

    def softmax(self, constants: Softmax, values: Int8Array) -> Int8Array:
        """The scores of int8 (n,)."""
        return self._call("head_softmax", _Softmax(**vars(constants)), values)

    def _call(self, name: str, constants: ctypes.Structure, values: Int8Array) -> Int8Array:
        scores = values.copy()
        place = ctypes.c_void_p(scores.ctypes.data)
        getattr(self.library, name)(ctypes.byref(constants), place, place, len(values))
        return scores


class GeneratedHead:
    """The generated source of a head."""

    def __init__(self, compiler: Path, folder: Path, head: CompiledHead | None) -> None:
        features = 1 if head is None else head.network.input.size
        files = head_files(folder, head, features)
        self.library = ctypes.CDLL(str(compile_host(compiler, folder, *files)))
        self.library.edgel3_scores.restype = ctypes.POINTER(ctypes.c_int8)
        self._context = ctypes.create_string_buffer(CONTEXT)
        self.labels = 0 if head is None else len(head.labels)

    def run(self, embedding: Int8Array) -> Int8Array | None:
        """The scores, or None without a head."""
        place = ctypes.c_void_p(np.ascontiguousarray(embedding).ctypes.data)
        found = self.library.edgel3_scores(self._context, place)
        return np.array(found[: self.labels], np.int8) if found else None
