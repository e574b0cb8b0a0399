"""Ask the board on a port who it is. Nothing that is sent changes the board: it is greeted and read."""

from __future__ import annotations

from typing import Any

from edgel3_deploy.boards.board import Board
from edgel3_deploy.doctor.finding import Finding
from edgel3_deploy.doctor.ports import may_open
from edgel3_deploy.errors import LinkError
from edgel3_deploy.flash.first import first_time
from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.answers import SlotImage
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import RefusedError, UnansweredError
from edgel3_deploy.link.discover import likely_boards, serial_ports
from edgel3_deploy.link.probe import session
from edgel3_deploy.link.protocol import Role, SlotState

SECTION = "who answers"
_HEX_DIGITS = 12


def ports_to_ask(board: Board) -> tuple[str, ...]:
    """The devices that may be `board`'s and may be opened: what looks like it, else every ST-LINK."""
    probes = [port for port in serial_ports() if port.probe is not None and may_open(port.device)]
    alike = [port for port in probes if board.name in likely_boards(port)]
    return tuple(port.device for port in alike or probes)


def ask(board: Board, device: str) -> Finding:
    """Who answers on `device`, and what it says of itself; silence takes some seconds."""
    try:
        with session(board, device) as conversation:
            client, role = conversation.client, conversation.role
            identity, record, images = client.identify(), client.read_reset(), _images(client)
    except LinkError as error:
        remedy = error.hint
        if isinstance(error, UnansweredError) and not error.noise:
            remedy += f"\nIf it has no loader yet, program it once {first_time(board)}."
        return Finding(SECTION, device, "note", error.message, remedy, facts={"role": None})
    facts: dict[str, Any] = {
        "role": role.name.lower(),
        "board": identity.board,
        "build_id": identity.build_id.hex(),
        "reset": record.cause.name.lower(),
        "watchdog_resets": record.restarts,
        "fault": record.fault,
        "images": [
            {
                "slot": image.slot,
                "state": image.state.name.lower(),
                "version": image.version,
                "build_id": image.build_id.hex(),
                "whole": image.whole,
            }
            for image in images
        ],
    }
    about = [f"{facts['role']} of {identity.board}"]
    if role is Role.APPLICATION:
        about.append(f"{identity.model} ({identity.runtime})")
    about.append(f"build {facts['build_id'][:_HEX_DIGITS]}")
    about += [_image(image, identity.build_id) for image in images]
    about.append(f"last reset: {facts['reset'].replace('_', ' ')}")
    if record.restarts:
        about.append(f"watchdog resets since power-on: {record.restarts}")
    if record.fault and role is Role.APPLICATION:
        about.append(f"fault on record: {record.fault}")
    remedy = ""
    if identity.board != board.name:
        remedy = f"This is not {board.name}: choose --board {identity.board}, or another port."
    elif role is Role.LOADER:
        about.append(f"it waits: {diagnosis.why_it_waits(record)}")
        remedy = f"`edgel3-deploy flash --board {board.name} --port {device}`"
    elif record.fault:
        remedy = "`arm-none-eabi-addr2line -f -e firmware.elf <pc>` names the place of the fault."
    return Finding(SECTION, device, "note" if remedy else "ok", ", ".join(about), remedy, facts=facts)


def _images(client: Client) -> list[SlotImage]:
    """What the loader's slots hold; nothing in an image that was built without loader."""
    try:
        first = client.read_image(0)
        return [first, *(client.read_image(slot) for slot in range(1, first.slots))] if first.slots else []
    except RefusedError:
        return []


def _image(image: SlotImage, running: bytes) -> str:
    """State and version of a slot's image, and its build if that is not the one which answers."""
    about = f"slot {image.slot} {image.state.name.lower().replace('_', ' ')}"
    if image.state in (SlotState.EMPTY, SlotState.OTHER_BOARD) or not image.size:
        return about
    other = f", build {image.build_id.hex()[:_HEX_DIGITS]}" if image.build_id != running else ""
    return f"{about}, version {image.version}{other}"
