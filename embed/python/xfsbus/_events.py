"""Who hears of what: the events of a peer go to the jobs that they are about."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

from . import values
from ._convert import change_of, changed_peer_of, text_of, value_of
from ._library import check, ffi, handle_of, lib
from .errors import EndedError, XfsError, error_of

if TYPE_CHECKING:
    from ._job import BaseJob


class Events:
    """The queue of a peer, and what was heard last. Its user sees to it that one thread at a time is
    here."""

    def __init__(self, peer: Any) -> None:
        self._queue = handle_of(lib.xfsbus_peer_lasting_events, peer, kind="events")
        self.descriptor: int = lib.xfsbus_events_descriptor(self._queue)
        self.jobs: dict[int, BaseJob] = {}
        self.tracker_up = False
        self.scanned: values.Summary | None = None
        self.ended: XfsError | None = None

    def take_all(self) -> None:
        """Takes all events that there are."""
        for event in self._waiting():
            self._take(event)

    def _waiting(self) -> Iterator[Any]:
        out = ffi.new("const xfsbus_event**")
        while True:
            check(lib.xfsbus_events_next, self._queue, out)
            if out[0] == ffi.NULL:
                return
            yield ffi.gc(out[0], lib.xfsbus_event_free)

    def _take(self, event: Any) -> None:
        job = self.jobs.get(event.job)
        if event.kind == lib.XFSBUS_EVENT_PROGRESS and job:
            job.on_progress(value_of(values.Progress, event.progress))
        elif event.kind == lib.XFSBUS_EVENT_PUSH_PROGRESS and job:
            job.on_progress(value_of(values.PushProgress, event.push_progress))
        elif event.kind == lib.XFSBUS_EVENT_LISTING_CHANGED and job:
            job.on_change(change_of(event))
        elif event.kind == lib.XFSBUS_EVENT_PEER_CHANGED and job:
            job.on_peer_change(changed_peer_of(event))
        elif event.kind == lib.XFSBUS_EVENT_JOB_DONE and job:
            del self.jobs[event.job]
            job.on_done()
        elif event.kind == lib.XFSBUS_EVENT_TRACKER_UP:
            self.tracker_up = True
        elif event.kind == lib.XFSBUS_EVENT_TRACKER_LOST:
            self.tracker_up = False
        elif event.kind == lib.XFSBUS_EVENT_SCANNED:
            self.scanned = value_of(values.Summary, event.summary)
        elif event.kind == lib.XFSBUS_EVENT_ENDED:
            self.ended = error_of(event.code, text_of(event.message))

    def raise_if_ended(self) -> None:
        """Raises why there is nothing to wait for any more."""
        if self.ended:
            raise type(self.ended)(str(self.ended))


def closed() -> EndedError:
    """What is raised when a peer is used before its beginning or after its end."""
    return EndedError("the peer is closed, or has not been started")
