"""The log of a peer: its lines wait in a queue of the library, and a thread of Python's hands them on."""
from __future__ import annotations

import logging
import sys
import threading
import types
from typing import Any, Callable, Union

from . import values
from ._convert import log_event_of
from ._library import check, ffi, handed_out, lib
from ._options import Struct
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
    """Hands on all lines, until there will be no more."""
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
    """Where a peer logs to: open() before it is started, then start(), or abandon() if that failed.

    The peer ends the queue when it logs no more. The thread frees it then, and nobody in a child of fork,
    which has neither.
    """

    def __init__(self, log: Log) -> None:
        self._tell = _teller_of(log)
        self._queue: Any = None
        # No end of the interpreter waits for it before the peer is ended.
        self._thread = threading.Thread(target=self._run, name="xfsbus-log", daemon=True)

    def open(self, options: Struct) -> None:
        """Has a peer with these options put its lines here. They are handed on from start() on."""
        self._queue = handed_out(lib.xfsbus_log_queue_create, MOST, kind="log_queue")
        options.set("log", lib.xfsbus_log_queue_put)
        options.set("log_user", self._queue)
        options.set("log_release", lib.xfsbus_log_queue_end)

    def start(self) -> None:
        """Begins to hand lines on."""
        self._thread.start()

    def abandon(self) -> None:
        """There is no peer."""
        lib.xfsbus_log_queue_free(self._queue)

    def end(self) -> None:
        """Once the peer has ended: waits until its last line was handed on. Not while one is, and not in a
        thread that is none of Python's: that may be the peer's own, within a policy, and the peer ends
        when that has returned."""
        here = threading.current_thread()
        if here is not self._thread and not isinstance(here, threading._DummyThread):
            self._thread.join()

    def _run(self) -> None:
        _hand_on(self._queue, self._tell)
        lib.xfsbus_log_queue_free(self._queue)
