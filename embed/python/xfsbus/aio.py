"""The peer for asyncio: events come by a reader of the loop, and no call has a thread of its own."""
from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import (Any, AsyncGenerator, AsyncIterator, Callable, Generator, Literal, TypeVar,
                    overload)

from . import values
from ._base import BasePeer, PathLike
from ._events import closed
from ._job import BaseJob, Outcome
from ._options import Buffer, download_of, encoded, opening_of, push_of, subscription_of
from ._subscription import AnyChange, Subscription
from .aio_file import AsyncFile, open_file
from .errors import UsageError, XfsTimeoutError

_Asked = TypeVar("_Asked")

#: So long one question may keep the others waiting, if it can be put again.
_SLICE = 0.2


class AsyncJob(BaseJob[Outcome]):
    """Something that a peer is doing: await it for what it comes to; iterate over it with `async for` for
    how it stands, until it is done. Of what nobody looked at in time only the last is there."""

    def __init__(self, kind: str, handle: Any) -> None:
        super().__init__(kind, handle)
        self._news = asyncio.Event()
        self._over = asyncio.Event()

    def on_progress(self, progress: Any) -> None:
        super().on_progress(progress)
        self._news.set()

    def on_done(self) -> None:
        self._over.set()
        self._news.set()

    async def result(self) -> Outcome:
        """Waits for what it comes to.

        Of a download any file that is not there raises its error, whose `report` has all of them.
        """
        await self._over.wait()
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Outcome]:
        return self.result().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        while True:
            await self._news.wait()
            progress = self._take_progress()
            if progress is not None:
                yield progress
            elif self._over.is_set():
                return
            else:
                self._news.clear()


class AsyncPeer(BasePeer):
    """A member of the bus, for asyncio: `async with AsyncPeer(...) as peer`.

    Its methods belong to the loop that it was started in. A call whose task is cancelled cancels its
    job. Deadlines are asyncio's: `async with asyncio.timeout(10)`, or wait_for.
    """

    def _created(self) -> None:
        self._news = asyncio.Event()  # another one each time that events have come
        # For what waits within the library for a short time: to begin, to end, questions.
        self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="xfsbus")

    async def __aenter__(self) -> AsyncPeer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Begins; does not wait for the tracker."""
        if self._handle is not None:
            raise UsageError("the peer has been started already")
        await self._help(self._start)
        asyncio.get_running_loop().add_reader(self._events.descriptor, self._on_events)

    async def close(self) -> None:
        """Says good-bye to the tracker and ends all jobs."""
        if self._handle is not None:
            await self._help(self._stop)
            asyncio.get_running_loop().remove_reader(self._events.descriptor)
            self._on_events()
        self._helper.shutdown(wait=False)

    def _on_events(self) -> None:
        self._events.take_all()
        self._news.set()
        self._news = asyncio.Event()

    async def _until(self, ready: Callable[[], bool]) -> None:
        while True:
            if self._handle is None:
                raise closed()
            if ready():
                return
            self._events.raise_if_ended()
            await self._news.wait()

    async def _help(self, work: Callable[..., _Asked], *arguments: Any) -> _Asked:
        return await asyncio.get_running_loop().run_in_executor(self._helper, work, *arguments)

    # ---- jobs ----

    def start_find(self, name: str) -> AsyncJob[tuple[values.Found, ...]]:
        """find() that goes on by itself."""
        return self._begin(AsyncJob, "find", encoded(name))

    def start_list(self, pattern: str) -> AsyncJob[tuple[values.ListedFile, ...]]:
        """list() that goes on by itself."""
        return self._begin(AsyncJob, "list", encoded(pattern))

    def start_download(self, name: str, *, out: str | None = None, force: bool = False,
                       repair: bool = False, sources: int = 0, wait: float = 0.0,
                       play_rate: int = 0) -> AsyncJob[values.Report]:
        """download() that goes on by itself; iterate over it for its Progress."""
        return self._begin(AsyncJob, "download",
                           download_of(name, out, force, repair, sources, wait, play_rate))

    def start_push(self, name: str, *, to: str | int = "all",
                   patience: float = 60.0) -> AsyncJob[values.Pushed]:
        """push() that goes on by itself; iterate over it for its PushProgress."""
        return self._begin(AsyncJob, "push", push_of(name, to, patience))

    def start_publish(self, name: str, data: Buffer | None = None, *, path: PathLike | None = None,
                      manifest: bytes | None = None) -> AsyncJob[values.Published]:
        """publish() that goes on by itself."""
        return self._begin_publishing(AsyncJob, name, data, path, manifest)

    def start_update(self) -> AsyncJob[values.Summary]:
        """update() that goes on by itself."""
        return self._begin(AsyncJob, "update")

    def start_load_policy(self, spec: str) -> AsyncJob[values.PolicyInfo]:
        """load_policy() that goes on by itself."""
        return self._begin(AsyncJob, "load_policy", encoded(spec))

    # ---- the same, waited for; xfsbus.Peer says what the arguments are ----

    async def find(self, name: str) -> tuple[values.Found, ...]:
        """Who has it, now, the best first. NotFoundError: nobody."""
        return await self._finish(self.start_find(name))

    async def list(self, pattern: str) -> tuple[values.ListedFile, ...]:
        """The files that match, of all peers, as the tracker knows them. There may be none."""
        return await self._finish(self.start_list(pattern))

    async def download(self, name: str, *, out: str | None = None, force: bool = False,
                       repair: bool = False, sources: int = 0, wait: float = 0.0,
                       play_rate: int = 0) -> values.Report:
        """Fetches a file, or all that match a pattern. Raises the error of the first that is not there;
        its `report` has all files."""
        return await self._finish(self.start_download(
            name, out=out, force=force, repair=repair, sources=sources, wait=wait,
            play_rate=play_rate))

    async def push(self, name: str, *, to: str | int = "all",
                   patience: float = 60.0) -> values.Pushed:
        """Asks other peers to fetch a file, or all that match, and watches until they have it."""
        return await self._finish(self.start_push(name, to=to, patience=patience))

    async def publish(self, name: str, data: Buffer | None = None, *, path: PathLike | None = None,
                      manifest: bytes | None = None) -> values.Published:
        """Shares something that does not stand in the directory, until unpublish() or the end."""
        return await self._finish(self.start_publish(name, data, path=path, manifest=manifest))

    async def unpublish(self, name: str, timeout: float = 10.0) -> None:
        """Ends what publish() began, and lets its data go."""
        await self._help(self._unpublish, name, timeout)

    async def update(self) -> values.Summary:
        """Scans the directory and sends the whole list to the tracker."""
        return await self._finish(self.start_update())

    async def load_policy(self, spec: str) -> values.PolicyInfo:
        """Loads a plug-in, "FILE[:key=value,...]", and swaps the policy of its kind."""
        return await self._finish(self.start_load_policy(spec))

    @staticmethod
    async def _finish(job: AsyncJob[Outcome]) -> Outcome:
        try:
            return await job
        except asyncio.CancelledError:
            job.cancel()
            raise

    # ---- what goes on ----

    @overload
    def subscribe(self, pattern: str, *,
                  peers: Literal[False] = False) -> AsyncGenerator[values.Change, None]: ...

    @overload
    def subscribe(self, pattern: None = None, *,
                  peers: Literal[True]) -> AsyncGenerator[values.ChangedPeer, None]: ...

    @overload
    def subscribe(self, pattern: str | None = None, *,
                  peers: bool = False) -> AsyncGenerator[AnyChange, None]: ...

    async def subscribe(self, pattern: str | None = None, *,
                        peers: bool = False) -> AsyncGenerator[Any, None]:
        """The files that match, of all peers, and from then on what changes of them; and the peers, each as
        a ChangedPeer, if they are wanted. Begins with the first step of the iteration; aclose() of it ends
        it at once."""
        subscription = self._begin(Subscription, "subscription", subscription_of(pattern, peers))
        try:
            while True:
                await self._until(subscription.has_news)
                change = subscription.take()
                if change is None:
                    return
                yield change
        finally:
            subscription.cancel()

    async def open(self, name: str, *, force: bool = False, repair: bool = False, sources: int = 0,
                   wait: float = 0.0, play_rate: int = 0, keep: bool = False) -> AsyncFile:
        """Opens a file for reading: `async with await peer.open(name) as file`. One that is shared here, or
        one that is fetched from now on, as download() does. What is read is fetched before all else.

        keep: the download goes on when the last that has the file open is closed.
        """
        return await open_file(self._using, encoded(name),
                               opening_of(force, repair, sources, wait, play_rate, keep))

    # ---- waits ----

    async def wait_for_tracker(self, timeout: float | None = 10.0) -> None:
        """Until the tracker knows this peer. After so many seconds TrackerUnreachableError, or
        NotAuthorisedError if it refuses this peer."""
        try:
            await asyncio.wait_for(self._until(lambda: self._events.tracker_up), timeout)
        except asyncio.TimeoutError:
            await self._help(self._raise_trouble_with_tracker)

    async def wait_until_scanned(self) -> values.Summary:
        """Until the first scan is over, whatever the tracker does."""
        await self._until(lambda: self._events.scanned is not None)
        assert self._events.scanned is not None
        return self._events.scanned

    async def wait_until_shared(self) -> values.Summary:
        """Until the first scan is over and the tracker has the list, or refuses it (see
        Status.tracker_trouble)."""
        while True:
            try:
                return await self._help(self._ask_whether_shared, _SLICE)
            except XfsTimeoutError:
                pass

    # ---- what there is ----

    async def peers(self, timeout: float = 10.0) -> tuple[values.KnownPeer, ...]:
        """The peers that the tracker knows."""
        return await self._help(self._ask_peers, timeout)

    async def files(self, timeout: float = 10.0) -> tuple[values.SharedFile, ...]:
        """The files that this peer shares; before the end of the first scan there may be more."""
        return await self._help(self._ask_files, timeout)

    async def status(self, timeout: float = 10.0) -> values.Status:
        """How this peer is."""
        return await self._help(self._ask_status, timeout)

    async def policy(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which source is asked next."""
        return await self._help(self._ask_policy, timeout)

    async def chunk_order(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which chunk is asked for next."""
        return await self._help(self._ask_chunk_order, timeout)

    async def upload_policy(self, timeout: float = 10.0) -> values.PolicyInfo:
        """Who decides which sink is sent a chunk next."""
        return await self._help(self._ask_upload_policy, timeout)
