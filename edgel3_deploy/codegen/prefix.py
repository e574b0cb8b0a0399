"""Names of a library in C: all begin with its prefix, so that two libraries link into one image."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

from edgel3_deploy.codegen import ctext
from edgel3_deploy.errors import BadInputError, UsageError

OWN = "edgel3"
"""The prefix of this package's sources."""
LICENSE = "/* SPDX-License-Identifier: 0BSD */\n"
"""The first line of every file."""

_WORDS = re.compile(
    r"""
    (?P<include>\#include\ ")(?P<path>[^"]+)
  | (?P<file>@file\ )\S+
  | \b(?P<own>edgel3|EDGEL3)(?=_(?!deploy\b)\w|\.h\b)
  | \b(?P<part>front_end|FRONT_END|head|HEAD)(?=_\w)
    """,
    re.VERBOSE,
)


_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
_HEADERS = """
arduino assert complex ctype errno fenv inttypes iso646 limits locale main malloc math memory setjmp signal
stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string strings
tgmath threads time uchar unistd wchar wctype
"""
"""Headers that compilers, C libraries and projects have: a library's of that name would hide them."""
_TYPES = """
atomic blkcnt blksize caddr char16 char32 char8 clock clockid cnd cpuset daddr dev div errno fenv fexcept
fpos fsid gid id imaxdiv ino int16 int32 int64 int8 int_fast16 int_fast32 int_fast64 int_fast8 int_least16
int_least32 int_least64 int_least8 intmax intptr key ldiv lldiv locale max_align mbstate mode mtx nlink
nullptr off off64 pid ptrdiff quad regex rsize sem sig_atomic sigset size socklen ssize stack suseconds thrd
time timer tss u_int16 u_int32 u_int64 u_int8 u_quad u_register uid uint16 uint32 uint64 uint8 uint_fast16
uint_fast32 uint_fast64 uint_fast8 uint_least16 uint_least32 uint_least64 uint_least8 uintmax uintptr
useconds va_list wchar wctrans wctype wint
"""
"""NAME of each NAME_t that C libraries and operating systems have: a library's context would be another."""


def checked_prefix(prefix: str) -> str:
    """`prefix` itself if names in C may begin with it; UsageError otherwise."""
    if prefix in _HEADERS.split():
        raise UsageError(
            f"{prefix}.h is a header that compilers or projects have already", "Choose another --prefix."
        )
    if prefix in _TYPES.split():
        raise UsageError(
            f"{prefix}_t is a type that C libraries or systems have already", "Choose another --prefix."
        )
    try:
        return ctext.identifier(prefix)
    except BadInputError:
        raise UsageError(
            f"{prefix!r} cannot begin the names of a library in C",
            f"Use at most {ctext.LONGEST_IDENTIFIER} of a-z, 0-9 and '_', a letter first, and no word of C.",
        ) from None


def file_name(name: str, prefix: str) -> str:
    """What a file is called in the library, be it "gemm.h" or "edgel3_sparse.h" among the sources."""
    return f"{prefix}_{name.removeprefix(f'{OWN}_')}"


def named(text: str, prefix: str) -> str:
    """C of the sources with the library's names."""
    return _WORDS.sub(lambda found: _word(found, prefix), text)


def prefixed(path: str, content: bytes, places: Mapping[str, str], prefix: str) -> bytes:
    """The library's file `path`, whose names begin with `prefix`, from a source that is not licensed yet.

    `places` has the library's private headers by what sources call them, without folders: they are included
    by their place beside `path`, and need no include path.
    """

    def word(found: re.Match[str]) -> str:
        place = places.get(posixpath.basename(found["path"] or ""))
        if place is not None:
            return f"{found['include']}{posixpath.relpath(place, posixpath.dirname(path))}"
        if found["file"]:
            return found["file"] + posixpath.basename(path)
        return _word(found, prefix)

    return (LICENSE + _WORDS.sub(word, content.decode())).encode()


def refuse_meeting(sources: Iterable[bytes], prefix: str) -> None:
    """Raises UsageError if a name of `sources` becomes one that they use for something else."""
    given: set[str] = set()
    kept: set[str] = set()
    for source in sources:
        for word in set(_IDENTIFIER.findall(source.decode())):
            name = named(word, prefix)
            if name == word and not word.startswith((OWN, OWN.upper())):
                kept.add(word)
            else:
                given.add(name)
    meeting = sorted(given & kept)
    if meeting:
        raise UsageError(
            f"the library has another {meeting[0]} beside that which --prefix {prefix} makes",
            "Choose another --prefix.",
        )


def _word(found: re.Match[str], prefix: str) -> str:
    if found["own"]:
        return _like(found["own"], prefix)
    if found["part"]:
        return f"{_like(found['part'], prefix)}_{found['part']}"
    if found["include"]:
        return found["include"] + named(found["path"], prefix)
    return found[0]


def _like(word: str, prefix: str) -> str:
    return prefix.upper() if word.isupper() else prefix
