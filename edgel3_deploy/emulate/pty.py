"""A pseudo-terminal: the board holds the master side, anybody's terminal opens the other one by its path."""

from __future__ import annotations

import errno
import os
import select
import struct
import sys
import time

from edgel3_deploy.errors import LinkError

_TCGETS2 = 0x802C_542A
_TERMIOS2_SIZE = 44
_SPEEDS = struct.Struct("=II")
_SPEEDS_OFFSET = 36
_OUTPUT_SPEED = 5
_ABSENT_SECONDS = 0.02
_FULL_SECONDS = 1.0
"""How long a client may leave its side full before the board's bytes are lost, as on a line."""


class Pty:
    """Raw bytes both ways. Clients come and go; what is sent while nobody listens is lost, as on a line.

    Raises LinkError if the system gives no pseudo-terminal.
    """

    def __init__(self) -> None:
        import tty

        try:
            self._master, slave = os.openpty()
        except OSError as error:
            raise LinkError(
                f"this system gives no pseudo-terminal: {error.strerror}",
                "Is /dev/pts mounted, and not full?",
            ) from error
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._connected = False

    def read(self) -> bytes:
        """What has arrived, without waiting."""
        try:
            data = os.read(self._master, 4096)
        except BlockingIOError:
            self._connected = True
            return b""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            self._connected = False
            return b""
        self._connected = True
        return data

    def write(self, data: bytes) -> None:
        """Send `data` to the client, if there is one that takes it."""
        while data and self._connected:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                if not select.select([], [self._master], [], _FULL_SECONDS)[1]:
                    return
            except OSError:
                self._connected = False

    def wait(self, seconds: float) -> None:
        """Return when bytes have arrived, at the latest after `seconds`."""
        if self._connected:
            select.select([self._master], [], [], seconds)
        else:
            # Without a client the master is always ready to read: with an error.
            time.sleep(min(seconds, _ABSENT_SECONDS))

    @property
    def baudrate(self) -> int:
        """The speed that the client has set, in bit/s."""
        import fcntl
        import termios

        if sys.platform != "linux":
            # In BSD's terminals the number of a speed is the speed.
            return int(termios.tcgetattr(self._master)[_OUTPUT_SPEED])
        termios2 = bytearray(_TERMIOS2_SIZE)
        fcntl.ioctl(self._master, _TCGETS2, termios2)
        return int(_SPEEDS.unpack_from(termios2, _SPEEDS_OFFSET)[1])

    def close(self) -> None:
        """Hang up; the path disappears."""
        os.close(self._master)
