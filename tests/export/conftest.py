"""A small network that hears, with a head, exported once for each format, and compilers to build it with."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.export.exporter import ExportRequest, ExportResult, export
from edgel3_deploy.fileio import sha256
from edgel3_deploy.head.file import save_head
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.reference.accept import read_network_file
from tests.codegen.stock import CPU, MACHINE, RESET
from tests.graph.models import ModelBuilder
from tests.head.heads import random_head, small_head

PREFIX = "yard"
EXACT = f"{PREFIX}: exact"
Make = Callable[..., ExportResult]
Copy = Callable[[str], Path]


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose input the front end of the sea models gives."""
    builder = (
        ModelBuilder((64, 50, 1), 0.05, -30)
        .conv2d(8, activation="RELU")
        .max_pool2d()
        .conv2d(8)
        .max_pool2d((32, 25))
        .metadata(name="small", front_end="sea", input_gain=0.0855, input_offset=2.066)
    )
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(builder.build())
    return path


@pytest.fixture(scope="session")
def head_file(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head for it with three labels."""
    network, content = read_network_file(model_file)
    first, *others = random_head((network.output.size, 6, 3), "softmax").layers
    layers = (dataclasses.replace(first, input=network.output), *others)
    path = tmp_path_factory.mktemp("head") / "head.npz"
    save_head(small_head(HeadNetwork(layers, "softmax"), model_sha256=sha256(content)), path)
    return path


@pytest.fixture
def make(model_file: Path, head_file: Path, tmp_path: Path) -> Make:
    """Export the small network into tmp_path/out, with the request's fields as options."""

    def run(**options: Any) -> ExportResult:
        usual = {"model": str(model_file), "format": "c", "output": tmp_path / "out", "head": head_file}
        return export(ExportRequest(**{**usual, "prefix": PREFIX, **options}))

    return run


class Exports(dict[str, Path]):
    """Folders by format, made when first asked for."""

    def __init__(self, folder: Path, model: Path, head: Path) -> None:
        super().__init__()
        self.folder, self.model, self.head = folder, model, head

    def __missing__(self, name: str) -> Path:
        output = self.folder / name
        export(ExportRequest(str(self.model), name, output, prefix=PREFIX, head=self.head))
        self[name] = output
        return output


@pytest.fixture(scope="session")
def exports(model_file: Path, head_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An export in each format, for looking at only."""
    return Exports(tmp_path_factory.mktemp("exports"), model_file, head_file)


@pytest.fixture
def cmake(host_gcc: Path) -> Path:
    """CMake, beside a compiler for this machine."""
    found = shutil.which("cmake")
    if found is None:
        pytest.skip("cmake is not installed (Debian package cmake)")
    return Path(found)


@pytest.fixture
def exported(exports: dict[str, Path], tmp_path: Path) -> Copy:
    """A copy of the export in a format, to build in."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(exports[name], tmp_path / name))

    return copy


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a command prints; its errors are told if it fails."""
    # A make that runs the tests is none of its business.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=cwd, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def link_for_newlib(gcc: Path, output: Path, parts: Sequence[Path | str], *options: str) -> None:
    """Link a program with newlib's own linker script and semihosting; only a vector table is added."""
    reset = output.with_suffix(".reset.c")
    reset.write_text(RESET)
    stock = ("--specs=rdimon.specs", "-Wl,--gc-sections,--section-start=.vectors=0,-u,vectors")
    run(gcc, *CPU, "-O2", *stock, *options, reset, *parts, "-o", output)


def run_on_qemu(qemu: Path, elf: Path) -> str:
    """What a program prints on an emulated Cortex-M7; it must end with code 0."""
    done = subprocess.run([qemu, *MACHINE, "-kernel", elf], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
