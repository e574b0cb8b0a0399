"""What a report does not prove, so that nobody takes it for more than it is."""

from __future__ import annotations

from edgel3_deploy.validate.result import Report
from edgel3_deploy.wording import counted

_OF_BODY = {
    "unicorn": (
        "The virtual board runs the very image that would be flashed, at the chip's addresses and registers. "
        "It models no caches, wait states, timing or electrical behaviour: it is no proof for a chip."
    ),
    "qemu": (
        "QEMU counts instructions, not cycles, and its board is not an STM32: the STM32's start-up code and "
        "drivers were not exercised."
    ),
    "silicon": "One board was measured, at its own temperature and supply; energy was not measured.",
}


def limits(report: Report) -> tuple[str, ...]:
    """One sentence or two per limit, the general ones first."""
    windows = counted(report.windows, "window")
    general = [
        f"Equality was checked on {windows}, not on all inputs, and for this image.",
        "The log-mel front end ran on the host: the board was given finished int8 spectrograms."
        if report.inputs is None
        else "The board was given PCM over its serial port: no microphone took part.",
    ]
    if report.fidelity is not None:
        general.append(
            "Closeness to the float network is not the accuracy of a classifier on top of the embedding, and "
            "it flatters a model that was calibrated on the same recordings."
        )
    return (*general, _OF_BODY[report.device.body])
