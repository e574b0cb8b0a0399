"""Find out who is behind a port: application, loader, ROM bootloader, other firmware, another baud rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from edgel3_deploy.boards.board import Board
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link import diagnosis
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.diagnosis import UnansweredError
from edgel3_deploy.link.port import is_pseudo_terminal, open_port, others
from edgel3_deploy.link.protocol import Role

USUAL_RATES = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)

_ROM_SYNC = b"\x7f"
_PROBE_SECONDS = 0.25


@dataclass(frozen=True)
class Session:
    """An open conversation; `role` is who answered on the port `path`."""

    path: str
    client: Client
    role: Role


@contextmanager
def session(board: Board, path: str) -> Iterator[Session]:
    """Open `path` at the board's rate and greet who answers.

    Raises LinkError: UnansweredError, with who is there instead if that can be found out, or another if
    EdgeL3 firmware answers in another way than expected.
    """
    with open_port(path, board.uart.baudrate) as port:
        client = Client(port)
        try:
            role = client.hello()
        except UnansweredError as error:
            unanswered = error
        else:
            yield Session(path, client, role)
            return
    raise _explained(board, path, unanswered)


def _explained(board: Board, path: str, error: UnansweredError) -> LinkError:
    """The error to raise after nobody answered at the board's rate; speaks to the port again."""
    # Behind a pseudo-terminal it is the board itself that has it open too.
    if not is_pseudo_terminal(path) and (who := others(path)):
        return diagnosis.shared(error, who)
    if diagnosis.is_foreign(error.noise) or (error.noise and _talks_unasked(path, board.uart.baudrate)):
        return error
    rom_rate = board.bootloader.baudrate if board.bootloader else 57_600
    if answers_as_rom(path, rom_rate):
        return diagnosis.rom_answers(f"{path} at {rom_rate} baud", error.noise)
    for rate in USUAL_RATES:
        if rate != board.uart.baudrate and _answers_at(path, rate):
            return diagnosis.other_rate(path, rate, board.uart.baudrate)
    return error


def answers_as_rom(path: str, rate: int) -> bool:
    """Whether ACK or NACK comes back for the ROM bootloader's first byte, and nothing else (AN3155)."""
    with open_port(path, rate, parity="E") as port:
        port.discard_input()
        # A ROM that knows its rate already takes two of them for a command, and refuses it.
        for _ in range(2):
            port.write(_ROM_SYNC)
            answer = port.read(_PROBE_SECONDS)
            if answer:
                return len(answer) == 1 and set(answer) <= diagnosis.ROM_REPLIES
    return False


def _talks_unasked(path: str, rate: int) -> bool:
    """Whether bytes come without a request, which no EdgeL3 firmware sends at any rate."""
    with open_port(path, rate) as port:
        port.discard_input()
        return bool(port.read(_PROBE_SECONDS))


def _answers_at(path: str, rate: int) -> bool:
    with open_port(path, rate) as port:
        port.discard_input()
        try:
            Client(port, timeout=_PROBE_SECONDS, retries=0).hello()
        except LinkError:
            return False
        return True
