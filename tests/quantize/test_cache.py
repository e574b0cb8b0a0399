"""The cache of quantized models: damage counts as absence, and writers may race."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from edgel3_deploy.quantize import cache

KEY = cache.cache_key({"recipe": 1})
FACTS = {"calibration": "3 windows", "warnings": ["w"], "fidelity": {"sqnr_db": 30.5}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own; returns where entries lie."""
    monkeypatch.setenv("EDGEL3_DEPLOY_CACHE", str(tmp_path))
    return tmp_path / "quantized"


def test_what_is_stored_is_loaded() -> None:
    assert cache.load(KEY) is None
    assert cache.store(KEY, b"model", FACTS) == ""
    assert cache.load(KEY) == (b"model", FACTS)


def test_keys_depend_on_every_input_and_not_on_order() -> None:
    assert cache.cache_key({"a": 1, "b": 2}) == cache.cache_key({"b": 2, "a": 1})
    assert cache.cache_key({"a": 1}) != cache.cache_key({"a": 2})


@pytest.mark.parametrize("suffix", ["tflite", "json"])
@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "remove"])
def test_damaged_entries_count_as_absent(folder: Path, suffix: str, damage: str) -> None:
    cache.store(KEY, b"model bytes", FACTS)
    path = folder / f"{KEY}.{suffix}"
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        flipped = content.replace(b"30.5", b"99.5").replace(b"model", b"nodel")
        path.write_bytes({"truncate": content[:-3], "flip": flipped, "empty": b""}[damage])
    assert cache.load(KEY) is None
    cache.store(KEY, b"model bytes", FACTS)
    assert cache.load(KEY) == (b"model bytes", FACTS)


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"seal": 1}', b"\xff\xfe"])
def test_foreign_json_counts_as_absent(folder: Path, content: bytes) -> None:
    cache.store(KEY, b"model", FACTS)
    (folder / f"{KEY}.json").write_bytes(content)
    assert cache.load(KEY) is None


def test_a_model_of_one_writer_with_the_facts_of_another_counts_as_absent(folder: Path) -> None:
    cache.store(KEY, b"one", FACTS)
    one = (folder / f"{KEY}.tflite").read_bytes()
    cache.store(KEY, b"two", FACTS)
    (folder / f"{KEY}.tflite").write_bytes(one)
    assert cache.load(KEY) is None


def test_readers_never_meet_half_an_entry(folder: Path) -> None:
    models = [bytes([letter]) * 100_000 for letter in b"abcd"]
    met: set[bytes] = set()
    writers = [threading.Thread(target=cache.store, args=(KEY, model, FACTS)) for model in models * 5]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        entry = cache.load(KEY)
        if entry is not None:
            met.add(entry[0])
    assert met <= set(models)
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_cache_that_cannot_be_written_says_why(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    assert "cannot be written" in cache.store(KEY, b"model", FACTS)


def test_an_entry_under_another_key_counts_as_absent(folder: Path) -> None:
    other = cache.cache_key({"recipe": 2})
    cache.store(KEY, b"model", FACTS)
    for suffix in ("tflite", "json"):
        (folder / f"{KEY}.{suffix}").rename(folder / f"{other}.{suffix}")
    assert cache.load(other) is None


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"seal": ' + b"[" * 100_000])
def test_deep_json_counts_as_absent(folder: Path, content: bytes) -> None:
    cache.store(KEY, b"model", FACTS)
    (folder / f"{KEY}.json").write_bytes(content)
    assert cache.load(KEY) is None


def test_the_folder_is_private(folder: Path) -> None:
    folder.mkdir(mode=0o777)
    cache.store(KEY, b"model", FACTS)
    assert folder.stat().st_mode & 0o777 == 0o700
