"""Virtual boards whose power fails during updates and changes of settings.

What starts afterwards is whole, and the next update succeeds: a few cuts each, `tests/firmware/loader` has
many on the host. A setting has its old or its new value: a cut in every flash operation.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.emulate.stm32.power_cut import PowerCut
from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.answers import SettingState
from edgel3_deploy.link.client import Client
from edgel3_deploy.link.protocol import RUNNING_SLOT, Role, SlotState
from tests.firmware.images import Flashable
from tests.firmware.loader_session import ANSWER_SECONDS, ask, powered, session, write_update
from tests.firmware.settings.records import full_sector

pytest.importorskip("unicorn", reason="the Python package unicorn is not installed")

ERASE, IN_THE_IMAGE, HEADER_FIRST, HEADER_LAST = "erase", "image", "header", "last word of the header"

HOP, GAIN = 1, 3
"""Keys of settings."""
WORDS_A_UNIT = {"stm32f7": 8, "stm32h7": 1}
"""How many operations of the flash program 32 bytes."""


def operation(place: str, size: int, words: int) -> int:
    """The number of the flash operation: one erase, the image's units, the header's four."""
    units = -(-size // 32)
    return {
        ERASE: 1,
        IN_THE_IMAGE: 1 + units * words // 2,
        HEADER_FIRST: 2 + units * words,
        HEADER_LAST: 1 + (units + 4) * words,
    }[place]


@pytest.mark.parametrize(
    ("name", "slots", "place"),
    [
        ("stm32f7", 1, IN_THE_IMAGE),
        ("stm32f7", 2, HEADER_LAST),
        ("stm32h7", 1, ERASE),
        ("stm32h7", 1, HEADER_LAST),
        ("stm32h7", 2, IN_THE_IMAGE),
        ("stm32h7", 2, HEADER_FIRST),
    ],
)
def test_a_power_cut_is_survived(
    flashable_for: Callable[[str, int], Flashable],
    tmp_path: Path,
    name: str,
    slots: int,
    place: str,
) -> None:
    board, flashable = load_board(name), flashable_for(name, slots)
    slot = slots - 1
    image = flashable.images[slot] + b"another version of it"
    flash = tmp_path / "flash.bin"
    flash.write_bytes(flashable.whole.read_bytes().ljust(board.flash.size, b"\xff"))
    cut = PowerCut(operation(place, len(image), WORDS_A_UNIT[name]), seed=len(place))

    with powered(board, flash_file=flash) as port:
        wait_until_confirmed(session(port, Role.APPLICATION), slots)
    with contextlib.suppress(LinkError), powered(board, flash_file=flash, power_cut=cut) as port:
        enter_loader(Client(port, timeout=ANSWER_SECONDS))
        write_update(session(port, Role.LOADER), board, flashable, image, slot)
    with powered(board, flash_file=flash) as port:
        client = Client(port, timeout=ANSWER_SECONDS)
        if client.hello() is Role.APPLICATION:
            running = ask(client, "read_image", slot=RUNNING_SLOT)
            assert running["crc"] in (zlib.crc32(flashable.images[0]), zlib.crc32(image))
            if running["slot"] == slot and slots == 2:
                return
            client.enter_bootloader()
        else:
            assert slots == 1
        write_update(session(port, Role.LOADER), board, flashable, image, slot)
        running = ask(session(port, Role.APPLICATION), "read_image", slot=RUNNING_SLOT)
        assert (running["slot"], running["crc"]) == (slot, zlib.crc32(image))


@pytest.mark.parametrize(
    ("name", "room", "operations"),
    [
        # A record is appended; or the other sector is erased, and takes two values and the record that makes
        # it count.
        ("stm32f7", 40, WORDS_A_UNIT["stm32f7"]),
        ("stm32f7", 0, 1 + 3 * WORDS_A_UNIT["stm32f7"]),
        ("stm32h7", 40, WORDS_A_UNIT["stm32h7"]),
        ("stm32h7", 0, 1 + 3 * WORDS_A_UNIT["stm32h7"]),
    ],
)
def test_a_cut_in_any_operation_leaves_the_old_or_the_new_setting(
    flashable_for: Callable[[str, int], Flashable], tmp_path: Path, name: str, room: int, operations: int
) -> None:
    board, flashable = load_board(name), flashable_for(name, 1)
    place = flashable.layout.settings
    assert place is not None
    flash = tmp_path / "flash.bin"
    content = bytearray(flashable.whole.read_bytes().ljust(board.flash.size, b"\xff"))
    sector = full_sector(place.size // 2, {HOP: 500, GAIN: 300}, HOP, room=room)
    start = place.origin - board.flash.origin
    content[start : start + len(sector)] = sector
    flash.write_bytes(content)

    possible = {500}
    for operation in range(1, operations + 1):
        cut = PowerCut(operation, seed=operation)
        with powered(board, flash_file=flash, power_cut=cut) as port:
            client = session(port, Role.APPLICATION)
            former = client.read_setting(HOP).value
            assert former in possible
            assert client.read_setting(GAIN) == SettingState(300, is_kept=True)
            possible = {former, 600 + operation}
            with pytest.raises(LinkError):
                client.write_setting(HOP, 600 + operation)
    with powered(board, flash_file=flash) as port:
        client = session(port, Role.APPLICATION)
        assert client.read_setting(HOP).value in possible
        assert client.write_setting(HOP, 999).value == 999
        client.reset()
        client = session(port, Role.APPLICATION)
        assert (client.read_setting(HOP).value, client.read_setting(GAIN).value) == (999, 300)


def wait_until_confirmed(client: Client, slots: int) -> None:
    """With two slots the image marks itself, which is an operation of the flash."""
    while ask(client, "read_image", slot=RUNNING_SLOT)["state"] != SlotState.CONFIRMED:
        assert slots == 2


def enter_loader(client: Client) -> None:
    assert client.hello() is Role.APPLICATION
    client.enter_bootloader()
