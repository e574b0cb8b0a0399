"""The sound path compiled for this machine and called through ctypes."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.audio.pcm import PcmArray
from edgel3_deploy.audio.sound_level import Levels
from edgel3_deploy.audio.sound_path import Heard
from edgel3_deploy.codegen.sound import sound_tables
from edgel3_deploy.resources import firmware_dir
from tests.firmware.kernels.target import WARNINGS

SOUND = firmware_dir() / "sound"
SHIM = Path(__file__).with_name("shim.c")
FLAGS = ("-ffp-contract=off", f"-I{firmware_dir()}", f"-I{firmware_dir() / 'include'}")
RATES = ((48_000, 8_000), (16_000, 8_000), (48_000, 48_000), (8_000, 8_000))
"""Of microphone and network."""
POISON, GUARD = 0x5A, 64

Samples = NDArray[np.int32] | NDArray[np.int16]
"""Of 24 bits, or of 16."""


def table_name(rate: int, target: int) -> str:
    """What the tables of these rates are called."""
    return f"from_{rate}_to_{target}"


class LevelsStruct(ctypes.Structure):
    """sound_levels_t"""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("laeq", "lafmax", "l10", "l50", "l90")),
        ("clipped", ctypes.c_uint32),
    )

    def levels(self) -> Levels:
        """As the twin has them."""
        return Levels(self.laeq, self.lafmax, self.l10, self.l50, self.l90, self.clipped)


class HostSound:
    """A shared library of the sound path with its tables for all RATES, undefined behaviour trapping."""

    def __init__(self, compiler: Path, folder: Path) -> None:
        tables = [folder / f"{table_name(*rates)}.c" for rates in RATES]
        for file, rates in zip(tables, RATES, strict=True):
            file.write_bytes(sound_tables(*rates, table_name(*rates), compensated=True))
        path = folder / "sound.so"
        sanitize = ("-fsanitize=undefined", "-fno-sanitize=alignment", "-fsanitize-undefined-trap-on-error")
        sources = [*sorted(SOUND.glob("*.c")), SHIM, *tables]
        command = [compiler, *WARNINGS, *sanitize, "-O2", "-shared", "-fPIC", *FLAGS, *sources, "-o", path]
        subprocess.run([*map(str, command)], check=True)
        self.library = ctypes.CDLL(str(path))

    def start(self, rate: int, target: int, gain: int = 1 << 16, *, microphone: bool = False) -> HostPath:
        """A path that begins in memory full of something else; from a `microphone` it is compensated."""
        return HostPath(self.library, table_name(rate, target), gain, microphone)

    def calibrated(self, levels: Levels, calibration: int) -> Levels:
        """sound_calibrated."""
        function = self.library.sound_calibrated
        function.restype, function.argtypes = LevelsStruct, (LevelsStruct, ctypes.c_int32)
        result: LevelsStruct = function(LevelsStruct(*dataclasses.astuple(levels)), calibration)
        return result.levels()

    def log2(self, value: int) -> int:
        """sound_log2."""
        result: int = self.library.sound_log2(ctypes.c_uint64(value))
        return result


class HostPath:
    """A sound_t, and the levels of the seconds that have ended."""

    def __init__(self, library: ctypes.CDLL, tables: str, gain: int, microphone: bool) -> None:
        self._library = library
        self.memory = (ctypes.c_char * library.shim_size())(*[POISON] * library.shim_size())
        start = library.sound_start_microphone if microphone else library.sound_start
        start(self.memory, ctypes.byref(ctypes.c_char.in_dll(library, tables)), gain)
        self.seconds: list[Levels] = []

    def run(self, samples: Samples) -> PcmArray:
        """PCM for a block, in which at most one second ends."""
        memory = np.full(2 * (len(samples) + 2 * GUARD), POISON, np.uint8).view(np.int16)
        run = self._library.sound_run_24 if samples.dtype == np.int32 else self._library.sound_run_16
        finished = self._library.shim_finished(self.memory)
        count = run(self.memory, pointer(samples), len(samples), pointer(memory[GUARD:]))
        assert (memory.view(np.uint8)[: 2 * GUARD] == POISON).all()
        assert (memory.view(np.uint8)[-2 * GUARD :] == POISON).all()
        if self._library.shim_finished(self.memory) != finished:
            told = LevelsStruct()
            self._library.shim_last(self.memory, ctypes.byref(told))
            self.seconds.append(told.levels())
        return memory[GUARD : GUARD + count]

    def report(self) -> Levels:
        """Levels since the last report."""
        told = LevelsStruct()
        self._library.shim_report(self.memory, ctypes.byref(told))
        return told.levels()

    def hear(self, samples: Samples, ends: Sequence[int]) -> Heard:
        """What comes of `samples`, given in blocks with these ends."""
        bounds = sorted({0, *(end for end in ends if end < len(samples)), len(samples)})
        pcm = [self.run(samples[first:last]) for first, last in pairwise(bounds)]
        return Heard(np.concatenate([np.zeros(0, np.int16), *pcm]), tuple(self.seconds), self.report())


def same(a: Heard, b: Heard) -> bool:
    """Whether two results agree in every bit."""
    return np.array_equal(a.pcm, b.pcm) and (a.seconds, a.report) == (b.seconds, b.report)


def pointer(values: Samples) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)
