"""The log of a peer: its lines wait in a queue of the library, and a thread of Python's hands them on."""
from __future__ import annotations

import logging
import sys
import threading
import types
from typing import Any, Callable, Union

from . import values
from ._convert import log_event_of
from ._library import check, ffi, handle_of, lib
from .errors import XfsError

#: Lines that are kept for a function that is slow; of more only the number is told.
MOST = 1000

_LOGGER = logging.getLogger("xfsbus")
_LOGGER.addHandler(logging.NullHandler())  # nothing is printed by a program that has no logging

_LEVELS = {values.LogLevel.DEBUG: logging.DEBUG, values.LogLevel.INFO: logging.INFO,
           values.LogLevel.WARNING: logging.WARNING, values.LogLevel.ERROR: logging.ERROR}

Teller = Callable[[values.LogEvent], object]
Log = Union[logging.Logger, Teller, None]


def _teller_of(log: Log) -> Teller:
    if log is not None and not isinstance(log, logging.Logger):
        return log
    logger = log or _LOGGER

    def tell(event: values.LogEvent) -> None:
        logger.log(_LEVELS[event.level], "%s", event.text,
                   extra={"xfsbus_event": event.name, "xfsbus_fields": event.fields})

    return tell


def _hand_on(queue: Any, tell: Teller) -> None:
    out = ffi.new("const xfsbus_log_event**")
    while True:
        try:
            check(lib.xfsbus_log_queue_take, queue, -1, out)
        except XfsError:  # out of memory: the line is lost
            continue
        if out[0] == ffi.NULL:
            return
        event = log_event_of(ffi.gc(out[0], lib.xfsbus_log_event_free))
        try:
            tell(event)
        except Exception as error:  # pylint: disable=broad-exception-caught
            sys.unraisablehook(types.SimpleNamespace(  # type: ignore[arg-type]
                exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__,
                err_msg="Exception ignored in the log of an xfsbus peer", object=tell))


class PeerLog:
    """Where a peer logs to. The lines that came before start() are handed on then."""

    def __init__(self, log: Log) -> None:
        self.queue = handle_of(lib.xfsbus_log_queue_create, MOST, kind="log_queue")
        # It knows nothing of the peer, which may be forgotten. No end of the interpreter waits for it
        # before the peer is ended.
        self._thread = threading.Thread(target=_hand_on, args=(self.queue, _teller_of(log)),
                                        name="xfsbus-log", daemon=True)

    def start(self) -> None:
        """Begins to hand lines on."""
        self._thread.start()

    def end(self) -> None:
        """Once the peer has ended: waits until its last line was handed on, unless this is called while
        one is."""
        lib.xfsbus_log_queue_end(self.queue)
        if threading.current_thread() is not self._thread:
            self._thread.join()
