"""Real recordings for the demo: the sounds of OpenSFX, which Debian packages as openttd-opensfx.

They come in one file, OpenTTD's sound catalogue: pairs (offset u32, size u32), little-endian, the highest
bit of the first offset set; at each offset a length byte, the credit line with its zero, and a WAV file of
`size` bytes (OpenTTD, src/sound.cpp). `python -m edgel3_deploy.audio.opensfx CATALOGUE FOLDER` writes them
out.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgel3_deploy.errors import BadInputError, EdgeL3DeployError
from edgel3_deploy.fileio import read_file, write_atomically

CALIBRATION = "calibration"
JUDGE = "validation"
"""The folders, which share no recording and no original that two recordings were cut from."""
CREDITS = "CREDITS.txt"

_ENTRY = struct.Struct("<II")
_NAMED = 0x8000_0000
_MOST_SOUNDS = 1_024
_LEAST_BYTES = 88_200
"""A second at 44,100 Hz in 16 bits: what is shorter fills no window."""
_JUDGED = 3
"""Every third group of sounds judges, the others calibrate."""
_FANCIFUL = "toyland"
"""What these sounds show is heard in no street."""


@dataclass(frozen=True)
class Sound:
    """One sound: its `credit` line names title, authors and license; `wav` is a whole file."""

    credit: str
    wav: bytes

    @property
    def name(self) -> str:
        """A file name made of the title, without suffix."""
        title = self.credit.split('"')[1] if self.credit.count('"') > 1 else self.credit
        return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:64] or "sound"

    @property
    def originals(self) -> frozenset[str]:
        """The files that it was cut from, as far as the credit line names them."""
        return frozenset(re.findall(r'"([^"]+\.[A-Za-z0-9]{2,4})"', self.credit))


def read_catalogue(path: Path) -> tuple[Sound, ...]:
    """The sounds of a catalogue, in its order.

    Raises BadInputError for a file that is no such catalogue, or ends too early.
    """
    content = read_file(path, "a sound catalogue")
    if len(content) < _ENTRY.size:
        raise _damaged(path, "it is empty")
    first = _ENTRY.unpack_from(content)[0]
    count, rest = divmod(first & ~_NAMED, _ENTRY.size)
    if not first & _NAMED or rest or not 0 < count <= _MOST_SOUNDS or count * _ENTRY.size > len(content):
        raise _damaged(path, "it does not begin with an index")
    return tuple(_sound(path, content, number) for number in range(count))


def _sound(path: Path, content: bytes, number: int) -> Sound:
    offset, size = _ENTRY.unpack_from(content, _ENTRY.size * number)
    at = offset & ~_NAMED
    start = at + 1 + content[at] if at < len(content) else len(content)
    wav = content[start : start + size]
    if len(wav) != size or wav[:4] != b"RIFF":
        raise _damaged(path, f"sound {number} is not whole")
    return Sound(content[at + 1 : start].rstrip(b"\0").decode("utf-8", "replace"), wav)


def _damaged(path: Path, why: str) -> BadInputError:
    return BadInputError(
        f"{path}: no sound catalogue of OpenTTD: {why}", "Give opensfx.cat of the package openttd-opensfx."
    )


def split(sounds: Sequence[Sound]) -> tuple[tuple[Sound, ...], tuple[Sound, ...]]:
    """Those to calibrate with and those to judge with: of this world, at least a second long, no title twice.

    Sounds that were cut from the same original stand on one side.
    """
    sides: tuple[list[Sound], list[Sound]] = ([], [])
    for number, group in enumerate(_groups(sounds)):
        sides[number % _JUDGED == _JUDGED - 1].extend(group)
    return tuple(sides[False]), tuple(sides[True])


def _groups(sounds: Sequence[Sound]) -> list[list[Sound]]:
    groups: list[tuple[set[str], list[Sound]]] = []
    names: set[str] = set()
    for sound in sounds:
        if len(sound.wav) < _LEAST_BYTES or sound.name in names or sound.name.startswith(_FANCIFUL):
            continue
        names.add(sound.name)
        joined: tuple[set[str], list[Sound]] = (set(sound.originals), [sound])
        apart = []
        for group in groups:
            if group[0] & joined[0]:
                joined = (group[0] | joined[0], group[1] + joined[1])
            else:
                apart.append(group)
        groups = [*apart, joined]
    return [group for _, group in groups]


def extract(catalogue: Path, folder: Path) -> Iterator[Path]:
    """Write the sounds and their credits into two folders of `folder`; yields the files.

    Raises BadInputError for a catalogue that cannot be read, UsageError for a place that cannot be written.
    """
    for name, sounds in zip((CALIBRATION, JUDGE), split(read_catalogue(catalogue)), strict=True):
        for sound in sounds:
            path = folder / name / f"{sound.name}.wav"
            write_atomically(path, sound.wav)
            yield path
        credits = folder / name / CREDITS
        write_atomically(credits, "".join(f"{sound.name}.wav: {sound.credit}\n" for sound in sounds).encode())
        yield credits


def main(arguments: Sequence[str]) -> int:
    """The program; its exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m edgel3_deploy.audio.opensfx CATALOGUE FOLDER\n")
        return 2
    catalogue, folder = map(Path, arguments)
    try:
        written = list(extract(catalogue, folder))
    except EdgeL3DeployError as error:
        sys.stderr.write(f"Error: {error.message}\n{error.hint}\n")
        return int(error.exit_code)
    for path in written:
        if path.name == CREDITS:
            credits = path.read_text()
            sys.stdout.write(f"{path.parent}: {len(credits.splitlines())} recordings\n{credits}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
