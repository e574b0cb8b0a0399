"""A library takes the files of its kernels, and no others."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from edgel3_deploy.codegen.kernels import kernel_files
from edgel3_deploy.plan.kernel import KernelName
from edgel3_deploy.resources import firmware_dir
from tests.codegen.stock import CPU

KERNELS = get_args(KernelName)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("target", ["arm", "host"])
def test_the_files_of_a_kernel_call_nothing_else(
    arm_gcc: Path, host_gcc: Path, tmp_path: Path, name: str, target: str
) -> None:
    compiler, options, tools = (arm_gcc, CPU, "arm-none-eabi-") if target == "arm" else (host_gcc, (), "")
    files = kernel_files([name])
    for path, content in files.items():
        (tmp_path / path).write_bytes(content)
    (tmp_path / "edgel3_attributes.h").write_bytes(
        (firmware_dir() / "include" / "edgel3_attributes.h").read_bytes()
    )
    sources = [path for path in files if not path.endswith(".h")]
    subprocess.run([compiler, *options, "-O2", "-c", *sources], cwd=tmp_path, check=True)
    objects = [f"{Path(path).stem}.o" for path in sources]
    printed = subprocess.run(
        [f"{tools}nm", *objects], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    defined = set(re.findall(r" [A-TV-Z] (\w+)$", printed, re.M))
    called = set(re.findall(r" U (edgel3_\w+)$", printed, re.M))
    assert called <= defined


def test_all_kernels_together_are_all_files() -> None:
    every = {path.name for path in (firmware_dir() / "kernels").iterdir()}
    assert every <= kernel_files(KERNELS).keys()


def test_no_kernel_takes_no_file() -> None:
    assert kernel_files([]) == {}


def test_a_dense_network_takes_nothing_of_sparse_ones() -> None:
    assert not any(
        "sparse" in name or "lanes" in name for name in kernel_files(["f44", "mono", "max_pool_any"])
    )
