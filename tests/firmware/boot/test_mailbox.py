"""What the mailbox keeps over a reset, and what it does not believe."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from edgel3_deploy.link.protocol import ResetCause
from tests.firmware.host.compile import compile_firmware

SIZE = 256
REQUEST, START, CAUSE, RESTARTS, HAS_FAULT, FAULT = 1, 2, 4, 6, 7, 8
BEGUN, HEALTHY, FAULTED = 1, 2, 3


class Mailbox:
    """The mailbox in this process, and its words."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.call = library
        self.words = (ctypes.c_uint32 * (SIZE // 4)).in_dll(library, "__mailbox")
        library.host_forget()

    def reset(self, cause: ResetCause) -> None:
        self.call.mailbox_open(int(cause))


@pytest.fixture(scope="module")
def library(host_gcc: Path, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    output = tmp_path_factory.mktemp("mailbox") / "mailbox.so"
    (source := output.parent / "empty.c").write_text("typedef int nothing;\n")
    compile_firmware(host_gcc, repository, output, [source], "-shared", "-fPIC", slots=1)
    return ctypes.CDLL(str(output))


@pytest.fixture
def mailbox(library: ctypes.CDLL) -> Mailbox:
    """After power-on, with everything in it set."""
    box = Mailbox(library)
    box.reset(ResetCause.POWER_ON)
    box.call.mailbox_set_request(7)
    box.call.mailbox_set_start(BEGUN, 1)
    box.call.mailbox_note_fault((ctypes.c_uint32 * 12)(*range(50, 62)))
    return box


@pytest.mark.parametrize("cause", [ResetCause.PIN, ResetCause.SOFTWARE, ResetCause.WATCHDOG])
def test_it_is_kept_over_resets_that_keep_ram(mailbox: Mailbox, cause: ResetCause) -> None:
    mailbox.reset(cause)
    assert (mailbox.words[REQUEST], mailbox.words[START], mailbox.words[CAUSE]) == (7, FAULTED, cause)
    assert list(mailbox.words[FAULT : FAULT + 12]) == list(range(50, 62))


def test_it_is_empty_after_power_on(mailbox: Mailbox) -> None:
    mailbox.reset(ResetCause.POWER_ON)
    assert mailbox.words[CAUSE] == ResetCause.POWER_ON
    assert not any(mailbox.words[at] for at in (REQUEST, START, RESTARTS, HAS_FAULT, FAULT))


@pytest.mark.parametrize("word", range(SIZE // 4))
def test_any_damage_empties_it(mailbox: Mailbox, word: int) -> None:
    mailbox.words[word] ^= 0x10
    mailbox.reset(ResetCause.SOFTWARE)
    assert (mailbox.words[REQUEST], mailbox.words[HAS_FAULT]) == (0, 0)


def test_a_jump_from_the_loader_keeps_the_cause_that_it_found(mailbox: Mailbox) -> None:
    mailbox.reset(ResetCause.WATCHDOG)
    mailbox.reset(ResetCause.UNKNOWN)
    assert (mailbox.words[CAUSE], mailbox.words[RESTARTS]) == (ResetCause.WATCHDOG, 1)


def test_watchdog_resets_are_counted(mailbox: Mailbox) -> None:
    for cause in (ResetCause.WATCHDOG, ResetCause.SOFTWARE, ResetCause.WATCHDOG):
        mailbox.reset(cause)
    assert mailbox.words[RESTARTS] == 2


def test_a_fault_of_a_healthy_application_is_no_failed_start(mailbox: Mailbox) -> None:
    mailbox.call.mailbox_set_start(HEALTHY, 0)
    mailbox.call.mailbox_note_fault((ctypes.c_uint32 * 12)())
    assert mailbox.words[START] == HEALTHY
