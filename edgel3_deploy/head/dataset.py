"""A labelled data set as training takes it: clips with labels and folds, and which folds judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgel3_deploy.errors import BadInputError
from edgel3_deploy.head.arithmetic import MOST_LABELS


@dataclass(frozen=True)
class LabelledClip:
    """A recording, the place that lists it (for messages), its fold and the indices of its labels."""

    path: Path
    row: str
    fold: str
    labels: tuple[int, ...]


@dataclass(frozen=True)
class Dataset:
    """Clips with their labels. With `exclusive` each clip has exactly one.

    `judged` names the folds that judge, each on a head that the others trained. With `split` the folds are a
    fixed division instead: "train", "validate" (choices are made on it) and "test", the only one that judges.
    """

    format: str
    labels: tuple[str, ...]
    clips: tuple[LabelledClip, ...]
    exclusive: bool
    split: bool = False

    @property
    def folds(self) -> tuple[str, ...]:
        """All folds, in order; numbers by value."""
        return tuple(sorted({clip.fold for clip in self.clips}, key=lambda fold: (len(fold), fold)))

    @property
    def judged(self) -> tuple[str, ...]:
        """The folds that judge."""
        return ("test",) if self.split else self.folds

    def targets(self) -> NDArray[np.bool_]:
        """Which labels a clip has: bool (clips, labels)."""
        targets = np.zeros((len(self.clips), len(self.labels)), bool)
        for index, clip in enumerate(self.clips):
            targets[index, list(clip.labels)] = True
        return targets

    def without(self, folds: Iterable[str]) -> Dataset:
        """The data set without those folds."""
        dropped = set(folds)
        kept = tuple(clip for clip in self.clips if clip.fold not in dropped)
        return Dataset(self.format, self.labels, kept, self.exclusive, self.split)

    def only(self, folds: Iterable[str]) -> Dataset:
        """Only those folds of the data set."""
        return self.without(set(self.folds) - set(folds))


def check_trainable(dataset: Dataset, where: Path) -> None:
    """Raises BadInputError unless every label can be both learned and judged.

    That takes two labels and more, at most MOST_LABELS; clips of each label in two folds and more, in a split
    among "train" and among "test"; and of each label also a clip without it where labels do not exclude each
    other.
    """
    if len(dataset.labels) < 2:
        named = f"only the label {dataset.labels[0]}" if dataset.labels else "no label"
        raise BadInputError(f"{where}: {named}", "A head tells at least two labels apart.")
    if len(dataset.labels) > MOST_LABELS:
        raise BadInputError(
            f"{where}: {len(dataset.labels)} labels", f"A head has at most {MOST_LABELS} labels."
        )
    for index, label in enumerate(dataset.labels):
        with_it = {clip.fold for clip in dataset.clips if index in clip.labels}
        without_it = {clip.fold for clip in dataset.clips if index not in clip.labels}
        missing = _missing(dataset, with_it)
        if missing:
            raise BadInputError(
                f"{where}: the label {label} is in {missing}",
                "Each label needs clips to train on and others to be judged by.",
            )
        if not dataset.exclusive and _missing(dataset, without_it):
            raise BadInputError(
                f"{where}: every clip of some fold has the label {label}", "Add clips without it."
            )


def _missing(dataset: Dataset, folds: set[str]) -> str:
    """Why clips in those folds alone cannot train and judge; "" if they can."""
    if dataset.split:
        lacking = [fold for fold in ("train", "test") if fold not in folds]
        return f"no clip of the split {lacking[0]}" if lacking else ""
    if len(folds) >= 2:
        return ""
    return f"no fold but {next(iter(folds))}" if folds else "no fold"


def label_names(names: Sequence[str]) -> tuple[str, ...]:
    """Distinct names, sorted."""
    return tuple(sorted(set(names)))
