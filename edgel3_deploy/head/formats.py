"""Readers of labelled data sets: ESC-50, UrbanSound8K, SONYC-UST, and plain folders.

Official folds are taken as they are. Whatever does not fit is refused with file and row.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.fileio import is_dir, is_file, read_file
from edgel3_deploy.head.dataset import Dataset, LabelledClip, check_trainable, label_names

Format = Literal["folder", "esc50", "us8k", "sonyc-ust"]
FORMATS: tuple[Format, ...] = get_args(Format)

FOLDER_FOLDS = 5
_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff")
_MOST_TABLE_BYTES = 1 << 28
# The eight coarse classes of SONYC-UST v2, by column.
_COARSE = (
    "1_engine",
    "2_machinery-impact",
    "3_non-machinery-impact",
    "4_powered-saw",
    "5_alert-signal",
    "6_music",
    "7_human-voice",
    "8_dog",
)
_SPLITS = ("train", "validate", "test")
_VERIFIED = "0"
"""Annotator of the labels that SONYC's team agreed upon."""


def read_dataset(folder: Path, format: Format) -> Dataset:
    """The data set in `folder`, every clip of which exists; audio is not read yet.

    Raises BadInputError, naming file and row, for a table that is absent, has other columns or values, or
    names a missing file, and for labels that cannot be learned and judged (`check_trainable`).
    """
    if not is_dir(folder):
        raise BadInputError(f"{folder}: no such folder", "Give the folder of the data set with --data.")
    dataset = _READERS[format](folder)
    check_trainable(dataset, folder)
    return dataset


def _folder(folder: Path) -> Dataset:
    """A subfolder per label. Files whose names differ in a last number only are pieces of one recording.

    Recordings are dealt to folds in the order of their names' hash, label by label; equal files count as one
    recording, whatever they are called.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not names:
        raise BadInputError(
            f"{folder}: no subfolder", "Put the clips of each label into a folder of its name."
        )
    recordings = {name: _recordings(folder / name) for name in names}
    fewest = min(recordings, key=lambda name: len(recordings[name]))
    folds = min(FOLDER_FOLDS, len(recordings[fewest]))
    if folds < 2 <= len(names):
        raise BadInputError(
            f"{folder / fewest}: {len(recordings[fewest])} recording",
            "Each label needs two recordings and more: names that differ in a last number only count as one.",
        )
    clips = []
    for index, name in enumerate(names):
        for place, files in enumerate(recordings[name]):
            clips += [LabelledClip(path, str(path), str(place % folds + 1), (index,)) for path in files]
    return Dataset("folder", tuple(names), tuple(clips), exclusive=True)


def _recordings(folder: Path) -> list[list[Path]]:
    """The clips below `folder`, grouped by recording, in the order of a hash."""
    groups: dict[str, list[Path]] = {}
    seen: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        content = hashlib.sha256(read_file(path, "a recording", 1 << 31)).hexdigest()
        key = seen.setdefault(content, re.sub(r"[-_. ]*\d+$", "", path.stem) or path.stem)
        groups.setdefault(key, []).append(path)
    if not groups:
        raise BadInputError(f"{folder}: no recording", f"Known are {', '.join(_SUFFIXES)}.")
    return [groups[key] for key in sorted(groups, key=lambda key: hashlib.sha256(key.encode()).digest())]


def _esc50(folder: Path) -> Dataset:
    """ESC-50 and its subsets: meta/esc50.csv, or esc50.csv or esc10.csv beside audio/."""
    table = _table(folder, ("meta/esc50.csv", "esc50.csv", "esc10.csv"))
    rows = list(_rows(table, ("filename", "fold", "category")))
    labels = label_names([row["category"] for _, row in rows])
    clips = [
        LabelledClip(
            _present(folder / "audio" / row["filename"], where),
            where,
            _fold(row["fold"], 5, where),
            (labels.index(row["category"]),),
        )
        for where, row in rows
    ]
    return Dataset("esc50", labels, _distinct(clips), exclusive=True)


def _us8k(folder: Path) -> Dataset:
    """UrbanSound8K: metadata/UrbanSound8K.csv and audio/fold1 to fold10."""
    table = _table(folder, ("metadata/UrbanSound8K.csv", "UrbanSound8K.csv"))
    rows = list(_rows(table, ("slice_file_name", "fold", "class")))
    labels = label_names([row["class"] for _, row in rows])
    clips = []
    for where, row in rows:
        fold = _fold(row["fold"], 10, where)
        path = _present(folder / "audio" / f"fold{fold}" / row["slice_file_name"], where)
        clips.append(LabelledClip(path, where, fold, (labels.index(row["class"]),)))
    return Dataset("us8k", labels, _distinct(clips), exclusive=True)


def _sonyc_ust(folder: Path) -> Dataset:
    """SONYC-UST v2: annotations.csv, one row per clip and annotator, and audio/ or the archives' audio-N/.

    Verified labels (annotator 0) where there are any. Other training clips have a label if any annotator
    heard it; other clips of "validate" and "test" are left out, as in the official evaluation.
    """
    table = _table(folder, ("annotations.csv",))
    columns = [f"{name}_presence" for name in _COARSE]
    places = {path.name: path for path in sorted(folder.glob("audio*")) if path.is_dir()}
    heard: dict[str, tuple[str, str, set[int], bool]] = {}
    for where, row in _rows(table, ("split", "audio_filename", "annotator_id", *columns)):
        name, split = row["audio_filename"], row["split"]
        if split not in _SPLITS:
            raise BadInputError(f"{where}: split {split!r}", f"Splits are {', '.join(_SPLITS)}.")
        present = {index for index, column in enumerate(columns) if _presence(row[column], column, where)}
        first, known_split, labels, verified = heard.get(name, (where, split, set(), False))
        if split != known_split:
            raise BadInputError(f"{where}: {name} is in two splits", "A clip belongs to one split.")
        if row["annotator_id"] == _VERIFIED:
            heard[name] = (first, split, present, True)
        elif not verified:
            heard[name] = (first, split, labels | present, False)
    clips = [
        LabelledClip(_find(folder, places.values(), name, where), where, split, tuple(sorted(labels)))
        for name, (where, split, labels, verified) in heard.items()
        if verified or split == "train"
    ]
    names = tuple(name.partition("_")[2] for name in _COARSE)
    return Dataset("sonyc-ust", names, tuple(clips), exclusive=False, split=True)


_READERS: dict[Format, Callable[[Path], Dataset]] = {
    "folder": _folder,
    "esc50": _esc50,
    "us8k": _us8k,
    "sonyc-ust": _sonyc_ust,
}


def _table(folder: Path, names: Sequence[str]) -> Path:
    for name in names:
        if is_file(folder / name):
            return folder / name
    raise BadInputError(f"{folder}: there is no {names[0]}", "Check --data and --format.")


def _rows(table: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Place (file and line) and cells of each row of a CSV table that has at least those columns."""
    content = read_file(table, "a table of labels", _MOST_TABLE_BYTES)
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise BadInputError(
                f"{table}, line 1: there is no column {missing[0]}",
                "Check --format, or take the original table.",
            )
        count = 0
        for row in reader:
            where = f"{table}, line {reader.line_num}"
            empty = [name for name in columns if not (row.get(name) or "").strip()]
            if empty or None in row:
                problem = f"{empty[0]} is empty" if empty else "more cells than columns"
                raise BadInputError(f"{where}: {problem}", "Correct the row, or leave it out.")
            count += 1
            yield where, {name: row[name].strip() for name in columns}
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{table}: no CSV table in UTF-8: {error}", "Take the original table.") from error
    if count == 0:
        raise BadInputError(f"{table}: no rows", "Take the original table.")


def _present(path: Path, where: str) -> Path:
    if not is_file(path):
        raise BadInputError(f"{where}: {path} is missing", "Unpack the whole data set, or leave the row out.")
    return path


def _find(folder: Path, places: Iterable[Path], name: str, where: str) -> Path:
    for place in places:
        if is_file(place / name):
            return place / name
    return _present(folder / "audio" / name, where)


def _fold(text: str, most: int, where: str) -> str:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise BadInputError(f"{where}: fold {text!r}", f"Folds are 1 to {most}.")
    return str(int(text))


def _presence(text: str, column: str, where: str) -> bool:
    """1 is present, 0 absent, -1 not annotated."""
    if text not in ("0", "1", "-1"):
        raise BadInputError(f"{where}: {column} is {text!r}", "Presences are 0, 1 and -1.")
    return text == "1"


def _distinct(clips: Sequence[LabelledClip]) -> tuple[LabelledClip, ...]:
    rows: dict[Path, str] = {}
    for clip in clips:
        if clip.path in rows:
            raise BadInputError(
                f"{clip.row}: {clip.path.name} again, as in {rows[clip.path].rpartition(', ')[2]}",
                "A clip belongs to one row.",
            )
        rows[clip.path] = clip.row
    return tuple(clips)
