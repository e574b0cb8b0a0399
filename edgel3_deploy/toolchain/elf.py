"""What a linked image puts where: sections with their addresses, and symbols, read with pyelftools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgel3_deploy.errors import ToolchainError


@dataclass(frozen=True)
class Section:
    """A section that occupies memory at run time.

    `address` is where it runs, `load_address` where its bytes are stored; they differ for initialised data.
    `stored` is False for sections that have no bytes in the image (bss, stack, arenas).
    """

    name: str
    address: int
    load_address: int
    size: int
    stored: bool


@dataclass(frozen=True)
class Symbol:
    """A function or an object; `kind` is "function" or "object", `size` bytes."""

    name: str
    kind: str
    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """A linked ELF file: sections in address order, symbols in file order, and all names that they have."""

    entry: int
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    names: frozenset[str]


def read_elf(path: Path) -> Image:
    """Read a linked ELF; ToolchainError if it is not one."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            segments = [segment.header for segment in elf.iter_segments("PT_LOAD")]
            sections = [_section(section, segments) for section in elf.iter_sections() if _occupies(section)]
            table = elf.get_section_by_name(".symtab")
            entries = list(table.iter_symbols()) if table is not None else []
            return Image(
                entry=int(elf.header.e_entry),
                sections=tuple(sorted(sections, key=lambda section: (section.address, section.name))),
                symbols=tuple(symbol for entry in entries if (symbol := _symbol(entry)) is not None),
                names=frozenset(entry.name for entry in entries),
            )
    except (ELFError, OSError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise ToolchainError(f"{path} is not a readable ELF file: {error}", "Build again.") from error


def _occupies(section: Any) -> bool:
    header = section.header
    return bool(header.sh_flags & 2) and header.sh_size > 0


def _section(section: Any, segments: list[Any]) -> Section:
    header = section.header
    address, size = int(header.sh_addr), int(header.sh_size)
    load_address = address
    for segment in segments:
        start = int(segment.p_vaddr)
        if start <= address and address + size <= start + int(segment.p_memsz):
            load_address = int(segment.p_paddr) + address - start
    stored = header.sh_type != "SHT_NOBITS"
    return Section(section.name, address, load_address, size, stored)


def _symbol(entry: Any) -> Symbol | None:
    header = entry.entry
    kind = {"STT_FUNC": "function", "STT_OBJECT": "object"}.get(header.st_info.type)
    if kind is None or header.st_size == 0:
        return None
    # Bit 0 of a function's address says Thumb; it is not part of the place.
    address = int(header.st_value) & ~1 if kind == "function" else int(header.st_value)
    return Symbol(entry.name, kind, address, int(header.st_size))
