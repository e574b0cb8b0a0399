"""CMSIS-NN is found where the user says, else installed, and only what is needed is taken from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.cmsis_nn import (
    CmsisNn,
    find_cmsis_nn,
    project_files,
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> CmsisNn:
    """The tree in the pip package bakenn."""
    monkeypatch.delenv("CMSIS_NN_ROOT", raising=False)
    pytest.importorskip("bakenn", reason="bakenn, which carries CMSIS-NN, is not installed")
    return find_cmsis_nn()


@pytest.fixture
def copy(installed: CmsisNn, tmp_path: Path) -> Path:
    """A copy of the tree that a test may damage, without CMSIS-Core beside it."""
    return Path(shutil.copytree(installed.root, tmp_path / "tree"))


def test_an_installed_package_is_found(installed: CmsisNn) -> None:
    assert installed.version == "4.0.0"
    assert installed.core is not None
    assert (installed.core / "cmsis_compiler.h").is_file()


def test_the_variable_goes_before_the_package_and_the_option_before_both(
    installed: CmsisNn, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed.core is not None
    shutil.copytree(installed.core, tmp_path / "cmsis_core" / "Include")
    monkeypatch.setenv("CMSIS_NN_ROOT", str(copy))
    assert find_cmsis_nn().root == copy
    assert find_cmsis_nn(installed.root).root == installed.root


def test_no_tree_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="is no CMSIS-NN tree") as caught:
        find_cmsis_nn(tmp_path)
    assert "--cmsis-nn-root" in caught.value.hint
    assert "pip install bakenn" in caught.value.hint


def test_an_old_release_is_refused(copy: Path) -> None:
    header = copy / "Include" / "arm_nnfunctions.h"
    header.write_text(header.read_text().replace("arm_cmsis_nn_status", "arm_status"))
    with pytest.raises(ToolchainError, match="older than release 4"):
        find_cmsis_nn(copy)


def test_missing_cmsis_core_is_told(copy: Path) -> None:
    with pytest.raises(ToolchainError, match="cmsis_compiler"):
        find_cmsis_nn(copy)


def test_only_sources_that_are_reached_are_taken(installed: CmsisNn) -> None:
    files = project_files(installed, ["arm_max_pool_s8"])
    assert [name for name in files if name.endswith(".c")] == ["Source/PoolingFunctions/arm_max_pool_s8.c"]
    assert "LICENSE.txt" in files
    assert "Include/arm_nnfunctions.h" in files
    assert "Core/cmsis_compiler.h" in files


def test_a_convolution_takes_all_its_paths(installed: CmsisNn) -> None:
    stems = {Path(name).stem for name in project_files(installed, ["arm_convolve_wrapper_s8"])}
    assert {"arm_convolve_s8", "arm_convolve_1x1_s8_fast", "arm_nn_mat_mult_kernel_s8_s16"} <= stems
    assert not {"arm_depthwise_conv_s8", "arm_max_pool_s8", "arm_avgpool_s8", "bakenn_cmsis_memory"} & stems


def test_a_function_that_the_release_lacks_is_told(installed: CmsisNn) -> None:
    with pytest.raises(ToolchainError, match="has no arm_fully_connected_per_channel_s8"):
        project_files(installed, ["arm_fully_connected_per_channel_s8"])
