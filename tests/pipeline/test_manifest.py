"""A manifest comes back as it was written, for every board; damage is one clear error."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgel3_deploy.boards import board_names, load_board
from edgel3_deploy.errors import BadInputError
from edgel3_deploy.image.layout import flash_layout
from edgel3_deploy.pipeline.folder import output_folder
from edgel3_deploy.pipeline.manifest import Manifest, read_manifest


@pytest.mark.parametrize("name", board_names())
def test_what_is_written_is_read(manifest: Manifest, tmp_path: Path, name: str) -> None:
    board = load_board(name)
    written = dataclasses.replace(manifest, board=board, layout=flash_layout(board))
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


HOSTILE: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            -1,
            1,
            1 << 32,
            1 << 53,
            10**400,
            0.5,
            float("inf"),
            float("-inf"),
            float("nan"),
        ),
        *("", ".", "..", "/etc/passwd", "a/../../b", "\0", "\n", "\ud800", "inf", "x" * 5000),
        *([], {}, [[]], [None], [""], [-1], [[float("inf")]], {"": ""}, {"": {}}, {"a": []}, {"/": "x"}),
    ]
)


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within JSON."""
    yield path
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield from places(content[key], (*path, key))


@st.composite
def damaged(draw: st.DrawFn, content: Any) -> Any:
    """`content` with one to three values replaced, removed or doubled."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(content))))
        if not path:
            return draw(HOSTILE)
        holder = content
        for key in path[:-1]:
            holder = holder[key]
        action = draw(st.sampled_from(("replace", "remove", "rename")))
        if action == "replace" or isinstance(holder, list):
            holder[path[-1]] = copy.deepcopy(draw(HOSTILE))
        else:
            value = holder.pop(path[-1])
            if action == "rename":
                holder[draw(st.sampled_from(["", "/", "..", "a/../b", "\ud800", "x" * 300]))] = value
        if not isinstance(content, dict | list):
            return content
    return content


@settings(max_examples=400)
@given(st.data())
def test_any_damage_is_one_line_or_leaves_a_manifest_that_can_be_trusted(
    manifest: Manifest, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp() / "mutated"
    folder.mkdir(exist_ok=True)
    content = data.draw(damaged(json.loads(manifest.to_json())))
    (folder / "manifest.json").write_text(json.dumps(content))
    try:
        found = read_manifest(folder)
    except BadInputError as error:
        assert str(folder) in error.message
        assert "\n" not in error.message
    else:
        assert isinstance(found, Manifest)
        assert read_back(found, folder) == found


def read_back(manifest: Manifest, folder: Path) -> Manifest:
    (folder / "manifest.json").write_bytes(manifest.to_json())
    return read_manifest(folder)


@pytest.mark.parametrize("name", ["", ".", "/", "../x", "a/../../x", "a//b", "a\nb", "x" * 300])
def test_a_file_outside_the_folder_is_refused_and_does_not_wedge_the_folder(
    manifest: Manifest, tmp_path: Path, name: str
) -> None:
    content = {**json.loads(manifest.to_json()), "files": {name: "ef" * 32}, "sizes": {}}
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BadInputError, match="no file of the folder"):
        read_manifest(folder)
    for _ in range(2):
        with output_folder(folder) as build:
            (build.stage() / "manifest.json").write_bytes(manifest.to_json())
            build.commit()
    assert read_manifest(folder) == manifest


STREAM = {"region": "dtcm", "offset": 0, "size": 35_136, "streams": True}
USE = {"label": "map", "region": "dtcm", "offset": 0, "size": 64, "first": 0, "last": 0}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"steps": [[]]}, "'steps' are not layers"),
        ({"steps": [[1], [0]]}, "'steps' are not layers"),
        ({"steps": [""]}, r"'steps\[0\]' is '', not a list"),
        ({"sizes": {"lost.bin": 1}}, "'sizes' has a file"),
        ({"image_version": 1 << 32}, "'image_version' is no 32-bit number"),
        ({"runtime": "tflm"}, "'goal' does not suit"),
        ({"runtime": "tflm", "goal": None}, "'ram_limit' does not suit"),
        ({"orders": []}, "'orders' has not one for each"),
        ({"orders": [{"axis": "rings", "cuts": []}]}, "one of pixels, rows, columns"),
        ({"memory": [{**USE, "region": "itcm"}]}, "'memory' has map outside RAM"),
        ({"memory": [{**USE, "offset": 131_072}]}, "'memory' has map outside RAM"),
        ({"memory": [{**USE, "last": 2}]}, "'memory' has map outside the steps"),
        ({"memory": [{**USE, "first": 1}]}, "'memory' has map outside the steps"),
        ({"memory": [{**USE, "label": "a\nb"}]}, "'memory' has the label"),
        ({"front_end_memory": None}, "'front_end_memory' does not suit 'front_end'"),
        ({"front_end_memory": {**STREAM, "region": "itcm"}}, "'front_end_memory' lies outside RAM"),
        ({"front_end_memory": {**STREAM, "offset": 131_072}}, "'front_end_memory' lies outside RAM"),
        ({"build_id": "AB" * 32}, "'build_id' is no SHA-256"),
        ({"layout": {"loader": None, "slots": [], "settings": None}}, None),
        ({"layout": {"loader": None, "slots": []}}, "'layout.settings' is missing"),
        (
            {
                "layout": {
                    "loader": None,
                    "slots": [{"name": "slot 0", "kind": "flash", "origin": 0, "size": 1}],
                    "settings": None,
                }
            },
            "'layout'",
        ),
    ],
)
def test_contradictions_are_named(
    manifest: Manifest, tmp_path: Path, changed: dict[str, Any], problem: str | None
) -> None:
    content = {**json.loads(manifest.to_json()), **changed}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    if problem is None:
        assert read_manifest(tmp_path).layout.slots == ()
        return
    with pytest.raises(BadInputError, match=problem):
        read_manifest(tmp_path)


@settings(max_examples=40)
@given(
    st.binary(max_size=100)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_garbage_is_damage(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BadInputError, match="damaged"):
        read_manifest(folder)
