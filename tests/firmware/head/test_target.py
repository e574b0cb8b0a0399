"""The head on an emulated Cortex-M7, its kernels' fast paths included, against the numpy twin."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgel3_deploy.codegen.head import CompiledHead
from edgel3_deploy.head import arithmetic
from edgel3_deploy.head.network import Output, run_head
from tests.firmware.head.host import INCLUDES, SOURCES
from tests.firmware.kernels.target import FLAGS, HARNESS, MACHINE, WARNINGS, array
from tests.firmware.stand_in import head_files
from tests.head.heads import random_head

ALL = np.arange(-128, 128).astype(np.int8)


def run_on_target(
    compiler: Path, qemu: Path, folder: Path, cases: str, *generated: Path | str
) -> list[bytes]:
    """The outputs of the harness's cases."""
    (folder / "cases.c").write_text(cases)
    link = ("-nostartfiles", "--specs=nano.specs", f"-T{HARNESS / 'harness.ld'}", "-Wl,--gc-sections")
    sources = (*SOURCES, *generated, HARNESS / "harness.c", folder / "cases.c")
    command = (compiler, *WARNINGS, *FLAGS, "-ffunction-sections", *INCLUDES, f"-I{HARNESS}", *sources, *link)
    elf = folder / "cases.elf"
    subprocess.run([*map(str, command), "-o", str(elf)], check=True)
    finished = subprocess.run(
        [str(qemu), *MACHINE, "-serial", "none", "-semihosting", "-kernel", str(elf)],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = (finished.stdout + finished.stderr).split("\n")
    return [bytes.fromhex(line.split()[2]) for line in lines if re.match(r"\w+ \d+ [0-9a-f]+$", line)]


def _case(name: str, call: str, size: int) -> str:
    return f"""
static int8_t {name}_output[{size}];
static void {name}(void)
{{
    {call}
}}
"""


def _table(sizes: dict[str, int]) -> str:
    rows = ", ".join(f'{{"{name}", {name}, {name}_output, {size}}}' for name, size in sizes.items())
    return f"const case_t cases[] = {{{rows}}};\nconst uint32_t case_count = {len(sizes)};\n"


def test_logistic_and_softmax_over_all_values(arm_gcc: Path, qemu: Path, tmp_path: Path) -> None:
    text = ['#include "cases.h"', '#include "head/head.h"', array("all", ALL)]
    expected, sizes = [], {}
    for index, scale in enumerate((2.0**-25, 0.01, 0.0625, 0.7, 16.0, 1e6)):
        curve = arithmetic.logistic_constants(scale, index * 51 - 128)
        fields = ", ".join(f".{key} = {value}" for key, value in vars(curve).items())
        call = f"head_logistic(&(const head_logistic_t){{{fields}}}, all, logistic{index}_output, 256);"
        text.append(_case(f"logistic{index}", call, 256))
        expected.append(arithmetic.logistic(curve, ALL))
        sizes[f"logistic{index}"] = 256
        shares = arithmetic.softmax_constants(scale)
        fields = ", ".join(f".{key} = {value}" for key, value in vars(shares).items())
        call = "\n    ".join(
            f"head_softmax(&(const head_softmax_t){{{fields}}}, "
            f"all + {at}, softmax{index}_output + {at}, {n});"
            for at, n in ((0, 128), (128, 118), (246, 10))
        )
        text.append(_case(f"softmax{index}", call, 256))
        expected.append(
            np.concatenate([arithmetic.softmax(shares, part) for part in np.split(ALL, [128, 246])])
        )
        sizes[f"softmax{index}"] = 256
    found = run_on_target(arm_gcc, qemu, tmp_path, "\n".join([*text, _table(sizes)]))
    assert found == [values.tobytes() for values in expected]


@pytest.mark.parametrize("output", ["softmax", "logistic"])
@pytest.mark.parametrize("sizes", [(64, 10), (61, 33, 17, 3)])
def test_generated_head(
    arm_gcc: Path, qemu: Path, tmp_path: Path, output: Output, sizes: tuple[int, ...]
) -> None:
    network = random_head(sizes, output)
    head = CompiledHead(network, tuple(map(str, range(sizes[-1]))), bytes(32))
    files = head_files(tmp_path, head, sizes[0])
    count, features = 20, sizes[0]
    embeddings = np.random.default_rng(0).integers(-128, 128, (count, features)).astype(np.int8)
    call = f"""for (int32_t n = 0; n < {count}; n++) {{
        const int8_t *scores = edgel3_scores(&network, embeddings + n * {features});
        for (int32_t i = 0; i < {sizes[-1]}; i++) {{
            head_output[n * {sizes[-1]} + i] = scores[i];
        }}
    }}"""
    size = count * sizes[-1]
    text = [
        '#include "cases.h"',
        '#include "edgel3.h"\nstatic edgel3_t network;',
        array("embeddings", embeddings),
    ]
    text += [_case("head", call, size), _table({"head": size})]
    (found,) = run_on_target(arm_gcc, qemu, tmp_path, "\n".join(text), *files)
    assert found == run_head(network, embeddings).tobytes()


def test_code_needs_no_library(arm_gcc: Path, tmp_path: Path) -> None:
    for source in SOURCES:
        compiled = tmp_path / f"{source.stem}.o"
        command = (arm_gcc, *WARNINGS, *FLAGS, *INCLUDES, "-c", source, "-o", compiled)
        subprocess.run([*map(str, command)], check=True)
        listing = subprocess.run(
            ["arm-none-eabi-nm", "--undefined-only", str(compiled)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert not re.search(r" (malloc|__aeabi_[df]|exp|log|mem\w+)", listing)
