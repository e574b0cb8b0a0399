"""What an examination finds: one frozen value for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "missing", "note"]
"""`missing` is what could be had; `note` what is worth knowing and needs a look, not an installation."""


@dataclass(frozen=True)
class Finding:
    """`detail` says what is there, or what it would be for; `remedy` what to do, empty if there is nothing.

    `needed`: without it not even virtual boards work. `facts` are the same for programs.
    """

    section: str
    name: str
    status: Status
    detail: str
    remedy: str = ""
    needed: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values; `facts` beside the others."""
        return {
            "section": self.section,
            "name": self.name,
            "status": self.status,
            "needed": self.needed,
            "detail": self.detail,
            "remedy": self.remedy,
            **self.facts,
        }
