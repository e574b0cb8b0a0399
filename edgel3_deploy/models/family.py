"""The published EdgeL3 family: architectures, and the git blob ids of the weight files.

Architectures: Kumari et al., "EdgeL3" (PAISE 2019); Srivastava et al., "Specialized Embedding Approximation
for Edge Intelligence" (ICASSP 2021). Files: the `models` branch of https://github.com/ksangeeta2429/edgel3.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgel3_deploy.errors import UsageError

PLANS: Mapping[str, tuple[float, ...]] = {
    "53.49": (0, 30, 40, 50, 30, 50, 50, 60),
    "63.48": (0, 40, 50, 60, 40, 60, 60, 70),
    "72.29": (0, 40, 50, 60, 40, 70, 70, 80),
    "87.08": (0, 80, 80, 85, 40, 85, 85, 95),
    "95.45": (0, 85, 85, 85, 75, 95, 98, 98),
    "99.0": (0, 94, 96, 99, 99, 99, 99, 99.2),
}
"""Published sparsities in percent, conv1 to conv8, by the sparsity of all of L3. conv1 is not pruned."""


@dataclass(frozen=True)
class Member:
    """One published model; `filters` gives the output channels of the four blocks, two convolutions each.

    `file_name` is the original name without `.gz`; `blob_id` is the git blob id of the compressed file.
    `sparsity` is the published share of zeros of each convolution's weights, in percent.
    """

    name: str
    front_end: Literal["sea", "l3"]
    n_mels: int
    frames: int
    filters: tuple[int, int, int, int]
    file_name: str
    blob_id: str
    sparsity: tuple[float, ...] = (0.0,) * 8

    @property
    def embedding(self) -> int:
        """Size of the embedding vector."""
        return self.filters[-1]

    @property
    def widths(self) -> tuple[int, ...]:
        """Output channels of the eight convolutions."""
        return tuple(width for width in self.filters for _ in range(2))

    @property
    def int8_weight_bytes(self) -> int:
        """Bytes of the eight dense int8 kernels, without biases and requantization constants."""
        inputs = (1, *self.widths[:-1])
        return sum(9 * before * after for before, after in zip(inputs, self.widths, strict=True))

    @property
    def parameters(self) -> int:
        """Trainable parameters in use: kernels, biases, and gamma and beta of each BatchNorm.

        The 4,688,066 published for L3 also count a BatchNorm behind the last convolution, which its embedding
        leaves out.
        """
        normalized = self.widths if self.front_end == "sea" else self.widths[:-1]
        return self.int8_weight_bytes + sum(self.widths) + 2 * (1 + sum(normalized))


def _sea(embedding: int, filters: tuple[int, int, int, int], blob_id: str) -> Member:
    return Member(
        f"sea-{embedding}", "sea", 64, 50, filters, f"edgel3_sea_ust_audio_emb_{embedding}.h5", blob_id
    )


def _sparse(training: str, sparsity: str, blob_id: str) -> Member:
    file_name = f"edgel3_{training}_audio_sparsity_{sparsity}.h5"
    name = f"sparse-{training}-{sparsity}"
    # File names round or cut the published figures.
    published = min(PLANS, key=lambda plan: abs(float(plan) - float(sparsity)))
    return Member(name, "l3", 256, 199, (64, 128, 256, 512), file_name, blob_id, PLANS[published])


FAMILY: tuple[Member, ...] = (
    _sea(64, (32, 64, 128, 64), "f3535405c91fe8da71f6456adb8a061213324239"),
    _sea(128, (32, 64, 128, 128), "162576876259e8267eb6cefe09470dbf153ed6fc"),
    _sea(256, (32, 64, 128, 256), "6be46fee2c278b79d9f77f064146a9493eff2f83"),
    _sea(512, (64, 128, 256, 512), "116703e97997cc316d7163ede5d2f5e4d4018f87"),
    _sparse("ft", "53.5", "145a4a61614c1b0b9f68339a844a3c92a431e118"),
    _sparse("ft", "63.5", "ce456a346803f8251505f137c8c3d04dcdcb8e67"),
    _sparse("ft", "72.3", "3bee3a0a90c82d7cd5ff77f3012eb51f6b818ef8"),
    _sparse("ft", "87.0", "a3537e20cd83b5d55708af7b1141a8e0c092488c"),
    _sparse("ft", "95.45", "f04c05f436a6f95eea6f30573cb70c68841e16de"),
    _sparse("kd", "53.5", "28681887520bd12b87221c13beab11a766cb10dd"),
    _sparse("kd", "63.5", "c2bad561ef1f1cdd919f73f4c4f34f5672f58b4b"),
    _sparse("kd", "72.3", "2bc10ef8b9cec44354c5564173106ca5128cdc92"),
    _sparse("kd", "87.0", "04fd3b2bf1d461bd6bc9a33925651797705e8b56"),
    _sparse("kd", "95.45", "ddefcd4c49a216f2ccec92db15105ed1499a6a35"),
)


def member(name: str) -> Member:
    """The family member of that name. Raises UsageError, naming the nearest one, if there is none."""
    for candidate in FAMILY:
        if candidate.name == name:
            return candidate
    names = [candidate.name for candidate in FAMILY]
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    suggestion = f"Did you mean {nearest[0]}? " if nearest else ""
    raise UsageError(f'no EdgeL3 model is called "{name}"', f"{suggestion}Known: {', '.join(names)}.")


def member_of(path: Path) -> Member | None:
    """The member whose original file name `path` bears, compressed or not."""
    file_name = path.name.removesuffix(".gz")
    return next((candidate for candidate in FAMILY if candidate.file_name == file_name), None)


def blob_id(content: bytes) -> str:
    """The git blob id of a file's bytes: SHA-1 over "blob <length>\\0" and the bytes, hexadecimal."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def model_name(path: Path) -> str:
    """The family name of the model in a file, else the file's stem, in [A-Za-z0-9._-]."""
    known = member_of(path)
    if known is not None:
        return known.name
    stem = re.sub(r"(\.h5|\.h5\.gz|\.tflite)$", "", path.name, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[:64] or "model"
