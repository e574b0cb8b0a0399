"""Checkpoints: read back as written; damage and other settings are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgel3_deploy.errors import BadInputError, UsageError
from edgel3_deploy.train.checkpoint import Checkpoint, load


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, Checkpoint]:
    path = tmp_path / "run.npz"
    arrays = {"0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3)}
    checkpoint = Checkpoint(7, arrays, {"seed": 1, "widths": [2, 3]}, ({"step": 7, "loss": 0.5},))
    checkpoint.save(path)
    return path, checkpoint


def test_what_was_saved_is_loaded(saved: tuple[Path, Checkpoint]) -> None:
    path, checkpoint = saved
    found = load(path, {"seed": 1, "widths": (2, 3)})
    assert found is not None
    assert (found.step, found.history) == (7, checkpoint.history)
    np.testing.assert_array_equal(found.arrays["0/kernel"], checkpoint.arrays["0/kernel"])


def test_no_file_is_no_checkpoint(tmp_path: Path) -> None:
    assert load(tmp_path / "none.npz", {}) is None


def test_a_run_with_other_settings_is_refused(saved: tuple[Path, Checkpoint]) -> None:
    with pytest.raises(UsageError, match=r"\(seed 1, now 2; teacher\)"):
        load(saved[0], {"seed": 2, "widths": [2, 3], "teacher": "x"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.integers(0, 900), st.integers(1, 255))
def test_damage_is_named(saved: tuple[Path, Checkpoint], place: int, flip: int) -> None:
    path, checkpoint = saved
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flip
    damaged = path.with_name("damaged.npz")
    damaged.write_bytes(content)
    try:
        found = load(damaged, checkpoint.settings)
    except (BadInputError, UsageError) as error:
        assert "damaged.npz" in error.message
    else:
        assert found is not None
