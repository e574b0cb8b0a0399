"""A checkout of tflite-micro is usable when a Cortex-M7 library was built in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.errors import ToolchainError
from edgel3_deploy.toolchain.tflm import LIBRARY, find_tflm


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The header by which a checkout is known, nothing built."""
    header = tmp_path / "checkout" / "tensorflow/lite/micro/micro_interpreter.h"
    header.parent.mkdir(parents=True)
    header.touch()
    return tmp_path / "checkout"


def build(checkout: Path, configuration: str) -> Path:
    library = checkout / "gen" / configuration / "lib" / LIBRARY
    library.parent.mkdir(parents=True)
    library.touch()
    return library


def test_the_cortex_m7_library_is_chosen(checkout: Path) -> None:
    build(checkout, "linux_x86_64_default_gcc")
    library = build(checkout, "cortex_m_generic_cortex-m7+sfp_default_cmsis_nn_gcc")
    found = find_tflm(checkout)
    assert found.library == library
    assert found.configuration == "cortex_m_generic_cortex-m7+sfp_default_cmsis_nn_gcc"
    assert f"TFLM_ROOT={checkout.resolve()}" in found.variables


def test_a_checkout_without_the_library_says_how_to_build_it(checkout: Path) -> None:
    build(checkout, "linux_x86_64_default_gcc")
    with pytest.raises(ToolchainError, match="no libtensorflow-microlite") as caught:
        find_tflm(checkout)
    assert "TARGET_ARCH=cortex-m7+sfp" in caught.value.hint


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError, match="no checkout of tflite-micro"):
        find_tflm(tmp_path)


def test_a_path_that_make_would_split_is_refused(checkout: Path, tmp_path: Path) -> None:
    moved = checkout.rename(tmp_path / "with space")
    with pytest.raises(ToolchainError, match="make cannot use this path"):
        find_tflm(moved)
