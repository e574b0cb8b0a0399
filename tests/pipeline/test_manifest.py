"""A manifest comes back as it was written, for every board; damage is one clear error."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.pipeline.manifest import Manifest, read_manifest


@pytest.mark.parametrize("name", board_names())
def test_what_is_written_is_read(manifest: Manifest, tmp_path: Path, name: str) -> None:
    written = dataclasses.replace(manifest, board=load_board(name))
    (tmp_path / "manifest.json").write_bytes(written.to_json())
    assert read_manifest(tmp_path) == written


def test_without_fidelity(manifest: Manifest, tmp_path: Path) -> None:
    written = dataclasses.replace(manifest, fidelity=None, warnings=())
    (tmp_path / "manifest.json").write_bytes(written.to_json())
    assert read_manifest(tmp_path) == written


def test_no_build_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no finished build here") as caught:
        read_manifest(tmp_path)
    assert "edgel3-deploy build" in caught.value.hint


def test_another_format_is_refused(manifest: Manifest, tmp_path: Path) -> None:
    content = {**json.loads(manifest.to_json()), "format": 99}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BadInputError, match="format 99"):
        read_manifest(tmp_path)


def test_every_missing_or_wrong_key_is_damage(manifest: Manifest, tmp_path: Path) -> None:
    content = json.loads(manifest.to_json())
    for key in content:
        for damaged in ({k: v for k, v in content.items() if k != key}, {**content, key: [7]}):
            (tmp_path / "manifest.json").write_text(json.dumps(damaged))
            with pytest.raises(BadInputError):
                read_manifest(tmp_path)


@settings(deadline=None, max_examples=40)
@given(
    st.binary(max_size=100)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_garbage_is_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BadInputError, match="damaged"):
        read_manifest(folder)
