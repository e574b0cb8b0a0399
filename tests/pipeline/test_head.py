"""Builds with a head: compiled in by every runtime, known to the manifest, refused for another model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.fileio import sha256
from edgel3_deploy.head.file import HeadFile, save_head
from edgel3_deploy.head.network import HeadNetwork
from edgel3_deploy.pipeline.prepared import load_build
from edgel3_deploy.reference.accept import read_network_file
from tests.head.heads import random_head, small_head
from tests.pipeline.conftest import Build


@pytest.fixture(scope="session")
def head(model_file: Path) -> HeadFile:
    """A head for the small model."""
    network, content = read_network_file(model_file)
    first, *others = random_head((network.output.size, 6, 3), "softmax").layers
    layers = (dataclasses.replace(first, input=network.output), *others)
    return small_head(HeadNetwork(layers, "softmax"), model_sha256=sha256(content))


@pytest.fixture(scope="session")
def head_file(head: HeadFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on disk."""
    path = tmp_path_factory.mktemp("head") / "head.npz"
    save_head(head, path)
    return path


@pytest.mark.parametrize("runtime", ["native", "cmsis-nn"])
def test_head_is_part_of_the_image(make: Build, arm_gcc: Path, head_file: Path, runtime: str) -> None:
    if runtime == "cmsis-nn":
        pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
    without = make(runtime=runtime)
    result = make(runtime=runtime, head=head_file)
    assert result.manifest.head_sha256 == sha256(head_file.read_bytes())
    assert result.manifest.build_id != without.manifest.build_id
    assert result.budget is not None and without.budget is not None
    used = {row.name: row.used for row in result.budget.rows}
    before = {row.name: row.used for row in without.budget.rows}
    assert used["flash"] > before["flash"] and used["RAM"] > before["RAM"]
    prepared = load_build(result.directory)
    assert prepared.head is not None and prepared.head.to_bytes() == head_file.read_bytes()
    assert make(runtime=runtime, head=head_file).reused
    assert not make(runtime=runtime).reused


def test_image_without_head_carries_none_of_its_code(make: Build, arm_gcc: Path) -> None:
    result = make()
    assert result.manifest.head_sha256 is None
    assert not (result.directory / "firmware" / "head").exists()
    assert load_build(result.directory).head is None


def test_head_that_was_changed_since_is_noticed(make: Build, arm_gcc: Path, head_file: Path) -> None:
    result = make(head=head_file)
    (result.directory / "head.npz").write_bytes(b"changed")
    with pytest.raises(BadInputError, match=r"head\.npz is not the file that the build wrote"):
        load_build(result.directory)


def test_head_of_another_model_is_refused(make: Build, arm_gcc: Path, head: HeadFile, tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    save_head(dataclasses.replace(head, model_sha256="0" * 64, model_name="another"), path)
    with pytest.raises(UsageError, match="trained on another 0000000000000000, and small is"):
        make(head=path)


def test_what_is_no_head_is_refused(make: Build, arm_gcc: Path, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(b"not a head")
    with pytest.raises(BadInputError, match="not a head"):
        make(head=path)
