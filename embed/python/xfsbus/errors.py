"""What a call raises when it does not work: one class for each code of the library."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .values import Report


class XfsError(Exception):
    """Why something did not work; the text says what to do about it.

    `report` is how a download went of which some files are there, if that is what failed.
    """

    code = 1
    name = "failed"

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


class UsageError(XfsError, ValueError):
    """Asked wrongly: arguments, options, parameters."""

    code, name = 2, "usage"


class NotFoundError(XfsError, LookupError):
    """Nobody has it."""

    code, name = 3, "not-found"


class TrackerUnreachableError(XfsError, ConnectionError):
    """No answer from the tracker."""

    code, name = 4, "tracker-unreachable"


class XfsTimeoutError(XfsError, TimeoutError):
    """A deadline passed."""

    code, name = 5, "timeout"


class NetworkError(XfsError, ConnectionError):
    """An address, a socket, a peer."""

    code, name = 6, "network"


class XfsInterruptedError(XfsError):
    """Stopped on request; the same call again goes on where it stopped."""

    code, name = 7, "interrupted"


class IntegrityError(XfsError):
    """Bytes that are not what their hash says."""

    code, name = 8, "integrity"


class DiskError(XfsError, OSError):
    """A disk that is full, or a place that cannot be read or written."""

    code, name = 9, "disk"


class NotAuthorisedError(XfsError, PermissionError):
    """Not allowed."""

    code, name = 10, "not-authorised"


class PluginError(XfsError):
    """A plug-in that was refused."""

    code, name = 11, "plugin"


class EndedError(XfsError):
    """The peer is no more."""

    code, name = 12, "ended"


_BY_CODE: dict[int, type[XfsError]] = {
    kind.code: kind
    for kind in (UsageError, NotFoundError, TrackerUnreachableError, XfsTimeoutError, NetworkError,
                 XfsInterruptedError, IntegrityError, DiskError, NotAuthorisedError, PluginError,
                 EndedError)
}


def error_of(code: int, message: str, report: Report | None = None) -> XfsError:
    """The exception for a code of the library; of one that is not known yet, an XfsError."""
    return _BY_CODE.get(code, XfsError)(message, report)
