"""A head's bytes are those of its arrays, and estimate, plan and limits count them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgel3_deploy.boards import load_board
from edgel3_deploy.errors import UsageError
from edgel3_deploy.graph.reader import read_network
from edgel3_deploy.head.file import save_head
from edgel3_deploy.plan.estimate import estimate_network
from edgel3_deploy.plan.head_bytes import NO_HEAD, HeadBytes, head_bytes, head_bytes_of
from edgel3_deploy.plan.limits import constants_limit
from edgel3_deploy.plan.pack_direct import pack_fully_connected
from edgel3_deploy.plan.packed import RequantizeForm
from edgel3_deploy.plan.schedule import schedule
from tests.graph.models import small_model
from tests.head.heads import random_head, small_head

NETWORK = read_network(small_model())
BOARD = load_board("mps2-an500")


def test_bytes_are_those_of_the_arrays() -> None:
    head = random_head((61, 33, 3), "softmax")
    packed = sum(pack_fully_connected(layer, RequantizeForm.GENERAL).size for layer in head.layers)
    # Rows padded to four features, and four words of constants for each output.
    assert head_bytes(head).flash == packed == 33 * 64 + 33 * 16 + 3 * 36 + 3 * 16
    # Scores, two times the widest layer, int16 pairs of the widest input.
    assert head_bytes(head).ram == 3 + 2 * 33 + 2 * 64


def test_a_file_is_read_and_must_suit_the_embedding(tmp_path: Path) -> None:
    fitting, other = (
        random_head((size, 6, 3), "softmax") for size in (NETWORK.output.size, NETWORK.output.size + 1)
    )
    path = tmp_path / "head.npz"
    save_head(small_head(fitting), path)
    assert head_bytes_of(path, NETWORK) == head_bytes(fitting)
    assert head_bytes_of(None, NETWORK) == NO_HEAD
    save_head(small_head(other), path)
    with pytest.raises(UsageError, match="takes embeddings of"):
        head_bytes_of(path, NETWORK)


def test_an_estimate_counts_them() -> None:
    head = HeadBytes(5_000, 700)
    plain, labelled = (estimate_network(NETWORK, BOARD, head=found) for found in (NO_HEAD, head))
    assert labelled.flash_used - plain.flash_used == head.flash
    assert labelled.ram_used - plain.ram_used == head.ram
    assert "counted: the head's 5,000 bytes of flash and 700 of RAM" in labelled.notes
    assert labelled.to_json()["head"] == {"flash": 5_000, "ram": 700}
    assert not any("head" in note for note in plain.notes)


def test_they_leave_less_to_the_network() -> None:
    room = constants_limit(BOARD)
    taken = schedule(NETWORK, BOARD).constant_bytes
    assert estimate_network(NETWORK, BOARD, head=HeadBytes(room - taken, 0)).verdict == "fits"
    assert estimate_network(NETWORK, BOARD, head=HeadBytes(room, 0)).verdict == "over"
    least = estimate_network(NETWORK, BOARD, "size").ram_used
    assert estimate_network(NETWORK, BOARD, "size", ram_limit=least).verdict == "fits"
    assert (
        estimate_network(NETWORK, BOARD, "size", ram_limit=least, head=HeadBytes(0, least)).verdict == "over"
    )
