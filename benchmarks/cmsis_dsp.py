"""Arm's CMSIS-DSP as a source tree: where the environment says, or from PyPI's sdist."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.cmsis_nn import find_cmsis_nn

ROOT_VARIABLE = "CMSIS_DSP_ROOT"
VERSION = "1.10.3"
"""Of the Python package `cmsisdsp`, whose sdist carries the C."""
_BUILD_TOOLS = ("cython", "setuptools", "wheel")
_SECONDS = 120
_FILES = (
    *(f"TransformFunctions/arm_{name}.c" for name in ("rfft_fast_f32", "rfft_fast_init_f32")),
    *(f"TransformFunctions/arm_{name}.c" for name in ("cfft_f32", "cfft_init_f32", "cfft_radix8_f32")),
    "TransformFunctions/arm_bitreversal2.c",
    *(f"CommonTables/arm_{name}.c" for name in ("common_tables", "const_structs")),
)


def find_cmsis_dsp(folder: Path) -> Path:
    """The tree that CMSIS_DSP_ROOT names, else PyPI's sdist unpacked below `folder`.

    Raises ToolchainError if it is neither named nor to be had.
    """
    named = os.environ.get(ROOT_VARIABLE, "")
    root = Path(named) if named else folder / f"cmsisdsp-{VERSION}"
    if not named and not root.is_dir():
        _download(folder)
    if not (root / "Include" / "arm_math.h").is_file():
        raise ToolchainError(f"{root} holds no CMSIS-DSP", f"Name a checkout with {ROOT_VARIABLE}.")
    return root


def sources(root: Path) -> list[Path]:
    """What a real FFT of float32 needs."""
    return [root / "Source" / name for name in _FILES]


def options(root: Path) -> list[str]:
    """How to compile it. Raises ToolchainError if there is no CMSIS-Core."""
    core = find_cmsis_nn().core
    if core is None:
        raise ToolchainError("no cmsis_compiler.h of CMSIS-Core", "Install bakenn==1.0.0.")
    return ["-isystem", f"{root / 'Include'}", f"-I{root / 'PrivateInclude'}", "-isystem", f"{core}", "-w"]


def _download(folder: Path) -> None:
    """PyPI's sdist. Its metadata are made by building tools, which go into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    tools = folder / "build-tools"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    install = [*pip, "install", "--target", str(tools), "--upgrade", *_BUILD_TOOLS]
    how = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", str(folder)]
    download = [*pip, "download", *how, f"cmsisdsp=={VERSION}"]
    environment = {**os.environ, "PYTHONPATH": str(tools)}
    try:
        for command in (install, download):
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS, env=environment)
        with tarfile.open(folder / f"cmsisdsp-{VERSION}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        raise ToolchainError(
            f"cmsisdsp {VERSION} is not to be had from PyPI", f"Name a checkout with {ROOT_VARIABLE}."
        ) from error
