"""From what the user calls a model to a file: a family name, looked up in two places, or a path."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import expanded, is_dir, is_file
from edgel3_deploy.models.family import FAMILY, Member, member, member_of, model_name

MODELS_VARIABLE = "EDGEL3_DEPLOY_MODELS"
CACHE_VARIABLE = "EDGEL3_DEPLOY_CACHE"

BUNDLED = "bundled"
"""The name of the model that ships with the package."""

Kind = Literal["weights", "tflite"]
_SUFFIXES: dict[str, Kind] = {
    ".h5": "weights",
    ".h5.gz": "weights",
    ".keras": "weights",
    ".tflite": "tflite",
}


@dataclass(frozen=True)
class Model:
    """A model file at hand; `member` if it was asked for by family name or bears an original file name."""

    name: str
    path: Path
    kind: Kind
    member: Member | None = None


def cache_dir() -> Path:
    """The user's cache folder (not created here); EDGEL3_DEPLOY_CACHE overrides it."""
    override = os.environ.get(CACHE_VARIABLE, "")
    if override:
        return expanded(override)
    import platformdirs

    return Path(platformdirs.user_cache_dir("edgel3-deploy"))


def downloads_dir() -> Path:
    """Where `models pull` keeps weight files."""
    return cache_dir() / "models"


def find_weights(member: Member) -> Path | None:
    """The member's weight file in the folder EDGEL3_DEPLOY_MODELS, else in the cache, else None."""
    configured = os.environ.get(MODELS_VARIABLE, "")
    folders = [expanded(configured)] if configured else []
    for folder in (*folders, downloads_dir()):
        for file_name in (f"{member.file_name}.gz", member.file_name):
            if is_file(folder / file_name):
                return folder / file_name
    return None


def bundled_weights() -> Path | None:
    """The weights that ship with the package (see the card beside them), or None in a package without."""
    path = Path(__file__).resolve().parent.parent / "_bundled" / "bundled.h5"
    return path if path.is_file() else None


def default_model() -> str:
    """What is used when no model is asked for: sea-64 if its weights are at hand, else the bundled model."""
    published = "sea-64"
    if find_weights(member(published)) is None and bundled_weights() is not None:
        return BUNDLED
    return published


def locate(model: str) -> Model:
    """The file behind a family name, "bundled", or a path to an EdgeL3 .h5 or .h5.gz or a full-int8 .tflite.

    Raises BadInputError for a file that is not there or of another kind, UsageError for a name nobody bears.
    """
    bundled = bundled_weights()
    if model == BUNDLED and bundled is not None:
        return Model(BUNDLED, bundled, "weights")
    if any(known.name == model for known in FAMILY):
        return _locate_member(member(model))
    path = expanded(model)
    kind = next((kind for suffix, kind in _SUFFIXES.items() if path.name.lower().endswith(suffix)), None)
    if kind is None:
        if is_file(path) or is_dir(path) or path.name != model:
            raise BadInputError(
                f"{path}: neither weights nor a .tflite", "Give a .h5, .h5.gz or .tflite file."
            )
        return _locate_member(member(model))
    if not is_file(path):
        problem = "is a folder" if is_dir(path) else "no such file"
        if problem == "no such file" and os.path.exists(path):  # noqa: PTH110 - Path.exists may raise
            problem = "is no ordinary file: save what it gives, and name that"
        raise BadInputError(f"{path}: {problem}", "Check the path, or give a family name such as sea-64.")
    return Model(model_name(path), path, kind, member_of(path))


def _locate_member(known: Member) -> Model:
    path = find_weights(known)
    if path is None:
        raise BadInputError(
            f"the weights of {known.name} are not on this machine",
            f"Run `edgel3-deploy models pull {known.name}`, or set {MODELS_VARIABLE} to a folder that holds "
            f"{known.file_name}.gz.",
        )
    return Model(known.name, path, "weights", known)
