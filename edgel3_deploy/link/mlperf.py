"""The host's side of MLPerf Tiny's serial console, as the runner of mlcommons/tiny speaks it.

A command ends with %. Answers are lines, the last one is "m-ready"; those that begin with "e-" refuse.
"""

from __future__ import annotations

import re
import time

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.port import Port
from edgel3_deploy.link.text import printable

READY = "m-ready"
BYTES_A_COMMAND = 31
"""Of input, as the runner sends them."""
_SECONDS = 2.0
_MOST_BYTES = 1 << 20
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Console:
    """Commands over a port on which firmware with this console answers. All methods raise LinkError."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def tell(self, command: str, timeout: float = _SECONDS) -> list[str]:
        """Send a command; the lines of the answer but the last."""
        self._port.write(f"{command}%".encode("ascii"))
        received, is_late = b"", False
        deadline = time.monotonic() + timeout
        while not received.endswith(f"{READY}\r\n".encode()):
            if is_late or len(received) > _MOST_BYTES:
                raise LinkError(
                    f"no console of MLPerf Tiny answers on {self._port.path}",
                    "Build the image with --console mlperf, and flash it.",
                )
            left = deadline - time.monotonic()
            # Even past the deadline what has arrived meanwhile counts, once: a busy host may come late.
            is_late = left <= 0
            received += self._port.read(max(left, 0))
        lines = [printable(line) for line in received.decode("ascii", "replace").split("\r\n")][:-2]
        refusal = next((line for line in lines if line.startswith("e-")), "")
        if refusal:
            raise LinkError(
                f"the console on {self._port.path} refuses '{command[:20]}': {refusal}",
                "Flash the build that is validated.",
            )
        return lines

    def load(self, data: bytes) -> None:
        """Load the whole int8 input."""
        self.tell(f"db load {len(data)}")
        lines: list[str] = []
        for at in range(0, len(data), BYTES_A_COMMAND):
            lines = self.tell(f"db {data[at : at + BYTES_A_COMMAND].hex()}")
        if lines != ["m-load-done"]:
            raise self._malformed("db", lines)

    def infer(self, timeout: float) -> list[float]:
        """One inference without warm-up; the results."""
        lines = self.tell("infer 1 0", timeout)
        results = lines[-1] if lines else ""
        values = results.removeprefix("m-results-[").removesuffix("]").split(",")
        if not results.startswith("m-results-[") or not all(_NUMBER.fullmatch(value) for value in values):
            raise self._malformed("infer", lines)
        return [float(value) for value in values]

    def _malformed(self, command: str, lines: list[str]) -> LinkError:
        said = lines[-1][:60] if lines else ""
        return LinkError(
            f"the console on {self._port.path} answers '{command}' with '{said}'",
            "This is no console of MLPerf Tiny, or the line loses bytes.",
        )
