"""What kernels' code is said to take is what the compiler makes of their sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.plan.candidates import operations, steps_from
from edgel3_deploy.plan.code_sizes import PART_BYTES, code_bytes
from tests.graph.models import ModelBuilder

SOURCES = {
    "winograd": ("winograd.c", "gemm_m7.S"),
    "f44": ("conv_f44.c", "f44_input_m7.S", "f44_output.c", "f44_output_m7.S", "f44_weights_m7.S"),
    "f22": ("conv_f22.c",),
    "sparse": (
        "conv_sparse.c", "lanes.c", "sparse_expand.c", "sparse_expand_m7.S", "sparse_maxima.c",
        "sparse_run.c", "sparse_run_m7.S", "sparse_unpack.c",
    ),
    "mono_lanes": ("conv_mono_lanes.c", "conv_mono_lanes_m7.S"),
}  # fmt: skip
FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-O2", "-c")


@pytest.mark.parametrize("part", SOURCES)
def test_large_kernels_are_as_large_as_said(
    arm_gcc: Path, repository: Path, tmp_path: Path, part: str
) -> None:
    firmware = repository / "firmware"
    sources = [firmware / "kernels" / name for name in SOURCES[part]]
    subprocess.run(
        [arm_gcc, *FLAGS, f"-I{firmware / 'include'}", *sources], cwd=tmp_path, check=True, timeout=600
    )
    tool = str(arm_gcc).replace("gcc", "size")
    lines = subprocess.run(
        [tool, *tmp_path.glob("*.o")], check=True, capture_output=True, text=True, timeout=600
    ).stdout.splitlines()[1:]
    text = sum(int(line.split()[0]) for line in lines)
    # An image leaves out the functions that it does not call.
    assert PART_BYTES[part] == pytest.approx(text, rel=0.1)


def test_code_counts_once_however_many_layers_use_it() -> None:
    parts = operations(read_network(ModelBuilder((19, 10, 4)).conv2d(5).conv2d(7).max_pool2d().build()))
    found = [step for position in range(len(parts)) for step in steps_from(parts, position)]
    direct = [step for step in found if step.kernel.name == "direct"]
    assert len(direct) == 2
    assert code_bytes(direct) == code_bytes(direct[:1]) == PART_BYTES["direct"]
    assert code_bytes(found) < sum(PART_BYTES.values())
    assert code_bytes([]) == 0
