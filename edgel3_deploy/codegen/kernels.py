"""Which files of firmware/kernels/ a library takes: those of the kernels that it calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from edgel3_deploy.resources import firmware_dir

_GEMM = ("gemm.c", "gemm_m7.S")
_WINOGRAD = ("winograd.c", *_GEMM)
_F44_STAGES = ("f44_input.c", "f44_output.c", "f44_weights.c")
_F44_ASSEMBLY = ("f44_input_m7.S", "f44_output_m7.S", "f44_weights_m7.S")
_LISTS = ("sparse_expand.c", "sparse_expand_m7.S", "sparse_maxima.c", "sparse_run.c", "sparse_run_m7.S")
_SOURCES = {
    "f44": ("conv_f44.c", *_F44_STAGES, *_F44_ASSEMBLY, *_WINOGRAD),
    "f22": ("conv_f22.c", *_WINOGRAD),
    "direct": ("conv_direct.c", *_GEMM),
    "mono": ("conv_mono.c", "conv_mono_m7.S"),
    "mono_lanes": ("conv_mono_lanes.c", "conv_mono_lanes_m7.S", "lanes.c"),
    "sparse": ("conv_sparse.c", "lanes.c", "sparse_unpack.c", *_LISTS),
    "fully_connected": ("fully_connected.c",),
    "max_pool_2x2": ("max_pool.c",),
    "max_pool_global": ("max_pool.c",),
    "max_pool_global_rows": ("max_pool.c",),
    "max_pool_any": ("max_pool_any.c",),
}
"""By the name of a step's kernel."""
_ALL = ("requantize_general.c",)
_INCLUDED = re.compile(r'^#include "([\w.]+)"', re.MULTILINE)


def kernel_files(kernels: Iterable[str]) -> dict[str, bytes]:
    """Sources of the `kernels` of those names, and the headers that they include, by file name."""
    names = sorted({name for kernel in kernels for name in (*_SOURCES[kernel], *_ALL)})
    files = {name: _path(name).read_bytes() for name in names}
    pending = list(files.values())
    while pending:
        for header in _INCLUDED.findall(pending.pop().decode()):
            if header not in files and header != "edgel3_attributes.h":
                files[header] = _path(header).read_bytes()
                pending.append(files[header])
    return files


def _path(name: str) -> Path:
    """Where a file is: headers that several folders include have one of their own."""
    folder = firmware_dir()
    own = folder / "kernels" / name
    return own if own.is_file() else folder / "include" / name
