"""Build folders, manifests and caches that were edited or damaged."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from edgel3_deploy.fileio import sha256
from edgel3_deploy.models.archive import network_bytes
from edgel3_deploy.models.locate import cache_dir
from edgel3_deploy.pipeline.folder import output_folder
from edgel3_deploy.pipeline.manifest import find_manifest
from edgel3_deploy.pipeline.prepared import HEAD, MODEL, REFERENCE, image_files, load_build
from edgel3_deploy.quantize import cache
from tests.fuzz.files import Case
from tests.fuzz.mutate import damaged, json_damaged
from tests.head.heads import random_head, small_head
from tests.validate.prepared import prepared_build, small_float_network

_MANIFEST = "manifest.json"
_KEY = cache.cache_key({"fuzz": 1})


def cases(folder: Path) -> Mapping[str, Case]:
    """Makers for a build's folder and for the cache of quantized models."""
    good = whole_build(folder / "good")
    files = [path.relative_to(good) for path in sorted(good.rglob("*")) if path.is_file()]

    def build(rng: random.Random) -> Callable[[], object]:
        target = folder / "build"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(good, target)
        name = Path(_MANIFEST) if rng.random() < 0.8 else rng.choice(files)
        content = (good / name).read_bytes()
        change = json_damaged if name.suffix == ".json" else damaged
        (target / name).write_bytes(change(rng, content))

        def use() -> None:
            with output_folder(target):
                find_manifest(target)
            load_build(target)

        return use

    def remembered(rng: random.Random) -> Callable[[], object]:
        cache.store(_KEY, b"model", {"calibration": "3 windows", "warnings": [], "layers": [["conv1", 30.5]]})
        path = cache_dir() / "quantized" / f"{_KEY}.json"
        path.write_bytes(json_damaged(rng, path.read_bytes()))
        return lambda: cache.load(_KEY)

    return {"build": build, "cache": remembered}


def whole_build(folder: Path) -> Path:
    """A folder as a build leaves it, of a small network, its image files made up."""
    folder.mkdir()
    prepared = prepared_build(folder)
    model, head = prepared.model, small_head(random_head((8, 3), "softmax")).to_bytes()
    contents = {
        MODEL: model,
        REFERENCE: network_bytes(small_float_network()),
        HEAD: head,
        "budget.json": (folder / "budget.json").read_bytes(),
        **{name: name.encode() for name in image_files(prepared.manifest.layout)},
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    manifest = dataclasses.replace(
        prepared.manifest,
        head_sha256=sha256(head),
        files={name: sha256(content) for name, content in contents.items()},
        sizes={name: len(contents[name]) for name in image_files(prepared.manifest.layout)},
    )
    (folder / _MANIFEST).write_bytes(manifest.to_json())
    return folder
