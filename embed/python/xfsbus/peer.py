"""The peer whose calls wait."""
from __future__ import annotations

import select
import threading
from typing import Any, Callable, Generator, Iterator, Literal, overload

from . import values
from ._base import BasePeer, PathLike
from ._events import Events
from ._job import BaseJob, Outcome
from ._options import (Buffer, Struct, download_of, encoded, opening_of, push_of, subscription_of)
from ._subscription import AnyChange, Subscription
from ._wait import Deadline, in_slices
from .errors import XfsTimeoutError
from .file import BufferedFile, OpenFile, open_reader

#: Bytes that a file reads at once where nobody says how many.
_BUFFER = 256 * 1024


class _Pump:
    """Lets threads wait for what events tell: one of them reads the queue, for all.

    Nobody waits in the library, so that signals, as of Ctrl-C, are handled.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._poll = select.poll()
        self._poll.register(events.descriptor, select.POLLIN)
        self._reading = False
        self.changed = threading.Condition()  # guards the events and their jobs

    def wait_until(self, ready: Callable[[], bool], deadline: Deadline) -> bool:
        """Whether it became ready in time."""
        while self._to_read(ready, deadline):
            try:
                self._poll.poll(deadline.slice() * 1000)
            finally:
                with self.changed:
                    self._reading = False
                    self._events.take_all()
                    self.changed.notify_all()
        with self.changed:
            return ready()

    def _to_read(self, ready: Callable[[], bool], deadline: Deadline) -> bool:
        """Waits until this thread is the one to read: True. False: there is nothing to wait for."""
        with self.changed:
            while not ready() and not deadline.over() and not self._events.ended:
                if not self._reading:
                    self._reading = True
                    return True
                self.changed.wait(deadline.slice())
        return False


class Job(BaseJob[Outcome]):
    """Something that a peer is doing. To iterate over it gives how it stands, until it is done.

    Of what nobody looked at in time only the last is there.
    """

    def __init__(self, kind: str, handle: Any, pump: _Pump) -> None:
        super().__init__(kind, handle)
        self._pump = pump

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it is done: True. Else, after so many seconds, it goes on."""
        return self._pump.wait_until(self.done, Deadline(timeout))

    def result(self, timeout: float | None = None) -> Outcome:
        """Waits for what it comes to. XfsTimeoutError: it goes on.

        Of a download any file that is not there raises its error, whose `report` has all of them.
        """
        if not self.wait(timeout):
            raise XfsTimeoutError("it is not done in time")
        return self._outcome()

    def __iter__(self) -> Iterator[Any]:
        return self.progress()

    def progress(self, timeout: float | None = None) -> Iterator[Any]:
        """How it stands, some ten times a second, until it is done, or so many seconds are over."""
        deadline = Deadline(timeout)
        while self._pump.wait_until(lambda: self._progress is not None or self.done(), deadline):
            progress = self._take_progress()
            if progress is None:
                return
            yield progress


class Peer(BasePeer):
    """A member of the bus: shares a directory, finds files, fetches them.

    Begins when it is made, and ends with close(), with a `with` block, or when nobody refers to it any
    more. All methods may be called on any thread, at the same time. A timeout is in seconds; None waits
    as long as it takes. What takes longer is cancelled, and raises XfsTimeoutError.
    """

    def _created(self) -> None:
        self._start()
        self._pump = _Pump(self._events)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Says good-bye to the tracker and ends all jobs. Waits for questions that other threads ask."""
        self._stop()

    # ---- jobs ----

    def start_find(self, name: str) -> Job[tuple[values.Found, ...]]:
        """find() that goes on by itself."""
        return self._job("find", encoded(name))

    def start_list(self, pattern: str) -> Job[tuple[values.ListedFile, ...]]:
        """list() that goes on by itself."""
        return self._job("list", encoded(pattern))

    def start_download(self, name: str, *, out: str | None = None, force: bool = False,
                       repair: bool = False, sources: int = 0, wait: float = 0.0,
                       play_rate: int = 0) -> Job[values.Report]:
        """download() that goes on by itself; iterate over it for its Progress."""
        return self._job("download", download_of(name, out, force, repair, sources, wait, play_rate))

    def start_push(self, name: str, *, to: str | int = "all",
                   patience: float = 60.0) -> Job[values.Pushed]:
        """push() that goes on by itself; iterate over it for its PushProgress."""
        return self._job("push", push_of(name, to, patience))

    def start_publish(self, name: str, data: Buffer | None = None, *, path: PathLike | None = None,
                      manifest: bytes | None = None) -> Job[values.Published]:
        """publish() that goes on by itself."""
        with self._pump.changed:
            return self._begin_publishing(lambda *made: Job(*made, self._pump), name, data, path,
                                          manifest)

    def start_update(self) -> Job[values.Summary]:
        """update() that goes on by itself."""
        return self._job("update")

    def start_load_policy(self, spec: str) -> Job[values.PolicyInfo]:
        """load_policy() that goes on by itself."""
        return self._job("load_policy", encoded(spec))

    def _job(self, kind: str, *requests: Struct | bytes) -> Job[Any]:
        with self._pump.changed:
            return self._begin(lambda *made: Job(*made, self._pump), kind, *requests)

    # ---- the same, waited for ----

    def find(self, name: str, timeout: float | None = None) -> tuple[values.Found, ...]:
        """Who has it, now, the best first: a name, a pattern, or "NAME@ID". NotFoundError: nobody."""
        return self._finish(self.start_find(name), timeout)

    def list(self, pattern: str, timeout: float | None = None) -> tuple[values.ListedFile, ...]:
        """The files that match, of all peers, in the order of their names, as the tracker knows them.
        There may be none."""
        return self._finish(self.start_list(pattern), timeout)

    def download(self, name: str, *, out: str | None = None, force: bool = False,
                 repair: bool = False, sources: int = 0, wait: float = 0.0, play_rate: int = 0,
                 timeout: float | None = None,
                 on_progress: Callable[[values.Progress], object] | None = None) -> values.Report:
        """Fetches a file, or all that match a pattern; what is there already is not fetched again.

        out: name to give it below the directory.
        force: replace a different file of that name; repair: the same, and use what of it is right.
        sources: most of them at once; 0: as the peer was told.
        wait: so many seconds it waits for the tracker and for sources, from when something came last.
        play_rate: bytes per second at which somebody reads the file while it comes.
        on_progress: is called on this thread; what it raises cancels the download, and comes out here.

        Raises the error of the first file that is not there; its `report` has all files. What was
        fetched of them is kept for the next try.
        """
        job = self.start_download(name, out=out, force=force, repair=repair, sources=sources,
                                  wait=wait, play_rate=play_rate)
        return self._finish(job, timeout, on_progress)

    def push(self, name: str, *, to: str | int = "all", patience: float = 60.0,
             timeout: float | None = None,
             on_progress: Callable[[values.PushProgress], object] | None = None) -> values.Pushed:
        """Asks other peers to fetch a file, or all that match, and watches until they have it.

        to: "all" that are registered, those "accepting" pushes, or so many.
        patience: so many seconds a peer may be away, and come back, before it counts as unreachable.

        Each target says how it went; nothing is raised for one that does not take it.
        """
        return self._finish(self.start_push(name, to=to, patience=patience), timeout, on_progress)

    def publish(self, name: str, data: Buffer | None = None, *, path: PathLike | None = None,
                manifest: bytes | None = None, timeout: float | None = None) -> values.Published:
        """Shares something that does not stand in the directory; a peer without one can do this, too. It
        is found and fetched as any shared file, until unpublish() or the end of the peer.

        name: under which others find it, as that of a file.
        data: bytes in memory. They are not copied, and nobody may change them.
        path: of a file that lies elsewhere; instead of data. Once it is changed it is published no more.
        manifest: Published.manifest of an earlier time: nothing is read now. What does not fit it is
            thrown away by whoever fetches it, and published no more. None: all is read and hashed first.

        UsageError: something has that name already, or there is too much.
        """
        return self._finish(self.start_publish(name, data, path=path, manifest=manifest), timeout)

    def unpublish(self, name: str, timeout: float = 10.0) -> None:
        """Ends what publish() began; whoever fetches it is told. Then waits for the reads that are under
        way, and lets the data go. NotFoundError: nothing is published under that name."""
        self._unpublish(name, timeout)

    def update(self, timeout: float | None = None) -> values.Summary:
        """Scans the directory and sends the whole list to the tracker."""
        return self._finish(self.start_update(), timeout)

    def load_policy(self, spec: str, timeout: float | None = None) -> values.PolicyInfo:
        """Loads a plug-in, "FILE[:key=value,...]", and swaps the policy of its kind. PluginError: it is
        refused, and the old one stays."""
        return self._finish(self.start_load_policy(spec), timeout)

    @staticmethod
    def _finish(job: Job[Outcome], timeout: float | None,
                on_progress: Callable[[Any], object] | None = None) -> Outcome:
        deadline = Deadline(timeout)
        try:
            for progress in job.progress(deadline.left()):
                if on_progress:
                    on_progress(progress)
            return job.result(deadline.left())
        except BaseException:
            job.cancel()
            raise

    # ---- what goes on ----

    @overload
    def subscribe(self, pattern: str, timeout: float | None = None, *,
                  peers: Literal[False] = False) -> Generator[values.Change, None, None]: ...

    @overload
    def subscribe(self, pattern: None = None, timeout: float | None = None, *,
                  peers: Literal[True]) -> Generator[values.ChangedPeer, None, None]: ...

    @overload
    def subscribe(self, pattern: str | None = None, timeout: float | None = None, *,
                  peers: bool = False) -> Generator[AnyChange, None, None]: ...

    def subscribe(self, pattern: str | None = None, timeout: float | None = None, *,
                  peers: bool = False) -> Generator[Any, None, None]:
        """The files that match, of all peers, and from then on what changes of them.

        pattern: of files; None: no files.
        peers: tell of the peers, too, each as a ChangedPeer: those that are there, and from then on those
            that appear, change or go. One that was lost and is back is gone and has appeared.

        Begins with the first step of the iteration, and ends with that, with its close(), or after so
        many seconds; goes on while the tracker is away. Whoever takes the changes slowly is told less
        often, but never less than how each file is at last. UsageError: too many files match.
        """
        deadline = Deadline(timeout)
        with self._pump.changed:
            subscription = self._begin(Subscription, "subscription",
                                       subscription_of(pattern, peers))
        try:
            while self._pump.wait_until(subscription.has_news, deadline):
                with self._pump.changed:
                    change = subscription.take()
                if change is None:
                    return
                yield change
            self._events.raise_if_ended()
        finally:
            subscription.cancel()

    def open(self, name: str, *, buffering: int = -1, force: bool = False, repair: bool = False,
             sources: int = 0, wait: float = 0.0, play_rate: int = 0, keep: bool = False,
             timeout: float | None = None) -> BufferedFile | OpenFile:
        """Opens a file for reading: one that is shared here, or one that is fetched from now on, as
        download() does. What is read is fetched before all else.

        name: of a file, "NAME@ID", or a pattern that only one file matches. NotFoundError: nobody has it.
        buffering: as of Python's open(): 0: none, which gives an OpenFile; else a BufferedFile.
        keep: the download goes on when the last that has the file open is closed; else it is cancelled
            then, and what was fetched is kept for the next try.
        timeout: so many seconds it may take to open it, and later each read of the file.

        The others are those of download().
        """
        options = opening_of(force, repair, sources, wait, play_rate, keep)
        file = OpenFile(open_reader(self._using, name, options, timeout), timeout)
        return file if buffering == 0 else BufferedFile(
            file, _BUFFER if buffering < 0 else buffering)

    # ---- waits ----

    def wait_for_tracker(self, timeout: float | None = 10.0) -> None:
        """Until the tracker knows this peer. After that time TrackerUnreachableError, or
        NotAuthorisedError if it refuses this peer."""
        if not self._pump.wait_until(lambda: self._events.tracker_up, Deadline(timeout)):
            self._events.raise_if_ended()
            self._raise_trouble_with_tracker()

    def wait_until_scanned(self, timeout: float | None = None) -> values.Summary:
        """Until the first scan is over, whatever the tracker does."""
        self._pump.wait_until(lambda: self._events.scanned is not None, Deadline(timeout))
        if self._events.scanned is None:
            self._events.raise_if_ended()
            raise XfsTimeoutError("the first scan of the directory is still under way")
        return self._events.scanned

    def wait_until_shared(self, timeout: float | None = None) -> values.Summary:
        """Until the first scan is over and the tracker has the list, or refuses it (see
        Status.tracker_trouble)."""
        return in_slices(self._ask_whether_shared, timeout)

    # ---- what there is ----

    def peers(self, timeout: float = 10.0) -> tuple[values.KnownPeer, ...]:
        """The peers that the tracker knows."""
        return self._ask_peers(timeout)

    def files(self, timeout: float = 10.0) -> tuple[values.SharedFile, ...]:
        """The files that this peer shares; before the end of the first scan there may be more."""
        return self._ask_files(timeout)

    def status(self, timeout: float = 10.0) -> values.Status:
        """How this peer is."""
        return self._ask_status(timeout)

    def policy(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which source is asked next."""
        return self._ask_policy(timeout)

    def chunk_order(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which chunk is asked for next."""
        return self._ask_chunk_order(timeout)

    def upload_policy(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which sink is sent a chunk next."""
        return self._ask_upload_policy(timeout)
