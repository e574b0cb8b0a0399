"""The serial port: opened for one owner, with errors that say what to do."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import time
from types import TracebackType
from typing import Literal

import serial

from edgel3_deploy.errors import LinkError
from edgel3_deploy.link.discover import serial_ports
from edgel3_deploy.link.holders import holders
from edgel3_deploy.link.text import printable

_OPEN_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError)
try:
    import termios
except ImportError:
    pass  # Windows
else:
    _OPEN_ERRORS += (termios.error,)

Parity = Literal["N", "E"]

AUTO, VIRTUAL = "auto", "virtual"
"""What commands take in the place of a port: the one that looks like the board's, and the virtual board."""

_PSEUDO_TERMINALS = ("/dev/pts/", "/dev/ttys")
"""Where Linux and macOS have them."""

_POLL_SECONDS = 0.05
_WRITE_TIMEOUT_SECONDS = 10.0
_DISCARD_SECONDS = 0.2


class Port:
    """An open serial port. Every failure of the device behind it is raised as LinkError."""

    def __init__(self, device: serial.Serial, path: str) -> None:
        self._device = device
        self.path = path
        self.baudrate = int(device.baudrate)

    def read(self, timeout: float) -> bytes:
        """What has arrived, waiting at most `timeout` seconds for a first byte; empty if none came."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                data = bytes(self._device.read(max(1, self._device.in_waiting)))
            except OSError as error:
                raise self._lost() from error
            if data or time.monotonic() >= deadline:
                return data

    def read_exactly(self, count: int, timeout: float) -> bytes:
        """`count` bytes, or fewer if `timeout` seconds pass without the next one."""
        data = bytearray()
        while len(data) < count:
            deadline = time.monotonic() + timeout
            try:
                part = self._device.read(count - len(data))
                while not part and time.monotonic() < deadline:
                    part = self._device.read(count - len(data))
            except OSError as error:
                raise self._lost() from error
            if not part:
                break
            data += part
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            self._device.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkError(
                f"the board on {self.path} takes no data", "Reset the board, or replug it, and try again."
            ) from error
        except OSError as error:
            raise self._lost() from error

    def discard_input(self) -> None:
        """Forget what has arrived so far; from a device that never stops sending, some remains."""
        deadline = time.monotonic() + _DISCARD_SECONDS
        try:
            while self._device.in_waiting and time.monotonic() < deadline:
                self._device.read(self._device.in_waiting)
        except OSError as error:
            raise self._lost() from error

    def close(self) -> None:
        """Give the port back; a port whose device is gone closes too."""
        with contextlib.suppress(OSError):
            self._device.close()

    def __enter__(self) -> Port:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lost(self) -> LinkError:
        return LinkError(
            f"the board on {self.path} was unplugged or its port vanished",
            "Check cable and power, look for the port (`edgel3-deploy doctor`), and repeat the command.",
        )


def open_port(path: str, baudrate: int, parity: Parity = "N") -> Port:
    """Open `path` with 8 data bits and 1 stop bit, locked against other programs.

    Pseudo-terminals (/dev/pts/N) work as well; they carry no parity, so none is asked of them.
    Raises LinkError if the port is absent, busy, not permitted or no serial port.
    """
    try:
        device = serial.Serial(
            path,
            baudrate=baudrate,
            parity=serial.PARITY_NONE if is_pseudo_terminal(path) else parity,
            timeout=_POLL_SECONDS,
            write_timeout=_WRITE_TIMEOUT_SECONDS,
            exclusive=True,
        )
    except _OPEN_ERRORS as error:
        raise _open_error(path, baudrate, error) from error
    return Port(device, path)


def is_pseudo_terminal(path: str) -> bool:
    """Whether a program, such as a virtual board, stands behind that port instead of a wire."""
    return os.path.realpath(path).startswith(_PSEUDO_TERMINALS)


def others(path: str) -> str:
    """The other processes that have the port open, as a message may name them; empty if none is seen."""
    return printable(", ".join(str(holder) for holder in holders(path) if holder.pid != os.getpid()))


def _open_error(path: str, baudrate: int, error: Exception) -> LinkError:
    if os.name == "nt" and isinstance(error, OSError):
        return _windows_error(path, error)
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises for overlong names
        return _absent(path)
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EAGAIN, errno.EBUSY):
        who = others(path)
        return LinkError(
            f"port {path} is busy: {who or 'another program'} has it open",
            "Close that program, then try again." if who else f"`sudo fuser {path}` names it: close it.",
        )
    if code in (errno.EACCES, errno.EPERM):
        return LinkError(
            f"no permission to open port {path}",
            "Add yourself to the group that owns it (`sudo usermod -aG dialout $USER`), then log in again.",
        )
    if isinstance(error, ValueError):
        return LinkError(
            f"port {path} cannot run at {baudrate} baud", "Choose another rate in the board file."
        )
    return LinkError(f"{path} is not a usable serial port", _ports_hint())


def _windows_error(path: str, error: OSError) -> LinkError:
    """pyserial puts what Windows said into its message: "... FileNotFoundError(2, 'The system ...'"."""
    if "FileNotFoundError" in str(error):
        return _absent(path)
    if "PermissionError" in str(error):
        return LinkError(
            f"port {path} is busy: another program has it open", "Close that program, then try again."
        )
    return LinkError(f"{path} is not a usable serial port", _ports_hint())


def _absent(path: str) -> LinkError:
    ports = tuple(port.device for port in serial_ports())
    kind = path.rstrip("0123456789")
    alike = [port for port in ports if port.rstrip("0123456789") == kind]
    nearest = difflib.get_close_matches(path, alike or ports, n=1, cutoff=0.9 if not alike else 0.5)
    nearest = nearest or difflib.get_close_matches(path.strip().lower(), (AUTO, VIRTUAL), n=1, cutoff=0.7)
    named = printable(path) if path.strip() else f"'{path}'"
    suggestion = f"Did you mean {nearest[0]}? " if nearest else ""
    return LinkError(f"there is no port {named}", f"{suggestion}{_ports_hint(ports)}")


def _ports_hint(ports: tuple[str, ...] | None = None) -> str:
    found = tuple(port.device for port in serial_ports()) if ports is None else ports
    if found:
        return f"Serial ports here: {', '.join(found)}; `--port virtual` needs no board."
    return "No serial port was found here: plug the board in, or use `--port virtual`, which needs no board."
