"""What the peer that waits and the peer for asyncio have in common."""
from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import Any, Callable, Iterable, Iterator, TypeVar, Union

from . import values
from ._convert import tuple_of, value_of
from ._events import Events, closed
from ._job import BaseJob
from ._library import PLUGIN_DIRECTORIES, check, ffi, handed_out, handle_of, lib, milliseconds_of
from ._log import Log, PeerLog
from ._options import Buffer, Lent, Struct, encoded, options_of, own_policies_of, publishing_of
from ._wait import SLICE
from .policy import MakePolicy

PathLike = Union[str, bytes, "os.PathLike[str]"]
AnyJob = TypeVar("AnyJob", bound=BaseJob[Any])
Answer = TypeVar("Answer")


#: What peers that have ended still use: those that end while a policy is asked do so a little later.
_still_lent: list[Lent] = []


def _end(handle: Any, process: int, lent: list[Lent], log: PeerLog | None) -> None:
    """Ends a peer; not in a child of fork, which has none of its threads. What was lent to it is let go
    afterwards."""
    if os.getpid() == process:
        lib.xfsbus_peer_free(handle)
        _still_lent[:] = [it for it in (*_still_lent, *lent) if it.in_use()]
        lent.clear()
        if log is not None:
            log.end()


class BasePeer:
    """A member of the bus: shares a directory, finds files, fetches them.

    Its threads belong to the library, and run no Python but policies of the program's own; one that logs
    belongs to Python. Names and patterns of files are those of the bus, with "/" between their parts.
    """

    def __init__(
        self,
        tracker: str = "tcp://127.0.0.1:7470",
        *,
        directory: PathLike | None = None,
        download_directory: PathLike = ".",
        host: str | None = None,
        port: int = 0,
        data_port: int = 0,
        cache_file: PathLike | None = None,
        policy: str | MakePolicy | None = None,
        chunk_order: str | MakePolicy | None = None,
        integrity: str | None = None,
        upload_policy: str | MakePolicy | None = None,
        accept_hashes: Iterable[str] = (),
        plugin_directories: Iterable[PathLike] = (),
        latency_file: PathLike | None = None,
        labels: str | None = None,
        ignore: Iterable[str] = (),
        default_ignores: bool = True,
        trace_file: PathLike | None = None,
        sources: int = 24,
        upload_limit: int = 0,
        download_limit: int = 0,
        transfer_upload_limit: int = 0,
        transfer_download_limit: int = 0,
        seed: int = 0,
        rescan: float | None = None,
        accept_push: str = "none",
        durability: str = "power",
        strict_policy: bool = False,
        keep_mode: bool = False,
        heartbeat: bool = True,
        watch: bool = True,
        published_most: int = 0,
        log: Log = None,
        log_level: str = "info",
    ) -> None:
        """
        tracker: where it is.
        directory: is shared, and what is downloaded goes there; None: nothing is shared.
        download_directory: where downloads go when nothing is shared.
        host, port: where others reach this peer; None and 0: found by itself.
        cache_file: remembers hashes across restarts.
        policy, chunk_order, integrity, upload_policy: plug-ins, "FILE[:key=value,...]"; None: what is
            built in, which needs no file. In place of a plug-in, save for integrity, a class of Python:
            xfsbus.policy says what it has.
        labels: "key=value,...", told to others.
        sources: most sources used at once for one file.
        ..._limit: bytes per second; 0: none. Those of a transfer are to one sink, or of one file.
        rescan: seconds between scans that nobody asked for; 0: never; None: as the file system needs.
        accept_push: what others may have this peer fetch: "none", "new" files, "replace" old ones, too.
        published_most: files that may be published at once; 0: 10,000.
        durability: what a file that is reported survives: "power" cuts, or the end of a "process".
        log: where it tells what happens: a logger, or a function that is given each LogEvent. None: the
            logger "xfsbus" of `logging`. Called on a thread of its own, "xfsbus-log", one line after the
            other; what it raises goes to sys.unraisablehook. The last line comes before the peer's end
            returns, unless that is called within `log` or a policy.
        log_level: what is less important is not told: "debug", "info", "warning", "error"; "off": nothing.
        """
        given = dict(locals())
        del given["self"], given["log"]
        given["plugin_directories"] = [*plugin_directories, *PLUGIN_DIRECTORIES]
        self._own_policies = own_policies_of(given)
        self._options = options_of(given, self._own_policies)
        self._log = None if log_level == "off" else PeerLog(log)
        self._lent: list[Lent] = []  # that is published
        self._lending = threading.Lock()
        self._handle: Any = None
        self._users = 0  # of the handle, and guarded with it
        self._unused = threading.Condition()
        self._created()

    def _created(self) -> None:
        """Is called at the end of __init__."""

    def _start(self) -> None:
        if self._log is not None:
            self._log.open(self._options)
        for policy in self._own_policies:
            policy.lend()  # from now on the library gives it back, also if it does not start
        try:
            handle = handed_out(lib.xfsbus_peer_start, self._options.pointer, kind="peer")
        except BaseException:
            if self._log is not None:
                self._log.abandon()
            raise
        # A peer that nobody closes ends with its object, or before the interpreter.
        self._release = weakref.finalize(self, _end, handle, os.getpid(), self._lent, self._log)
        if self._log is not None:
            self._log.start()
        self._events = Events(handle)
        self._handle = handle

    def _stop(self) -> None:
        """Ends it, once no thread asks it anything any more."""
        with self._unused:
            was_started, self._handle = self._handle is not None, None
            while self._users > 0:
                self._unused.wait(SLICE)
        if was_started:
            self._release()

    @contextlib.contextmanager
    def _using(self) -> Iterator[Any]:
        """The handle, which stays until this is over."""
        with self._unused:
            if self._handle is None:
                raise closed()
            self._users += 1
            handle = self._handle
        try:
            yield handle
        finally:
            with self._unused:
                self._users -= 1
                self._unused.notify_all()

    # ---- jobs ----

    def _begin(self, made: Callable[[str, Any], AnyJob], kind: str,
               *requests: Struct | bytes) -> AnyJob:
        start = getattr(lib, f"xfsbus_peer_start_{kind}")
        pointers = [it.pointer if isinstance(it, Struct) else it for it in requests]
        with self._using() as handle:
            job = made(kind, handle_of(start, handle, *pointers, kind="job"))
        self._events.jobs[job.id] = job
        return job

    def _begin_publishing(self, made: Callable[[str, Any], AnyJob], name: str, data: Buffer | None,
                          path: PathLike | None, manifest: bytes | None) -> AnyJob:
        kind, request, lent = publishing_of(name, data, path, manifest)
        with self._using():
            self._keep_lent(lent)
            return self._begin(made, kind, request)

    def _keep_lent(self, lent: Lent | None = None) -> None:
        """This, and of what was lent before what is still in use."""
        with self._lending:
            self._lent[:] = [it for it in self._lent if it.in_use()] + ([lent] if lent else [])

    # ---- questions, which may wait in the library, until their deadline ----

    def _ask(self, question: str, kind: str, convert: Callable[[Any], Answer],
             timeout: float) -> Answer:
        out = ffi.new(f"const xfsbus_{kind}**")
        with self._using() as handle:
            check(getattr(lib, f"xfsbus_peer_{question}"), handle, milliseconds_of(timeout), out)
        return convert(ffi.gc(out[0], getattr(lib, f"xfsbus_{kind}_free")))

    def _unpublish(self, name: str, timeout: float) -> None:
        try:
            with self._using() as handle:
                check(lib.xfsbus_peer_unpublish, handle, encoded(name), milliseconds_of(timeout))
        finally:
            self._keep_lent()

    def _ask_peers(self, timeout: float) -> tuple[values.KnownPeer, ...]:
        return self._ask("peers", "peer_list",
                         lambda it: tuple_of(values.KnownPeer, it.items, it.items_count), timeout)

    def _ask_files(self, timeout: float) -> tuple[values.SharedFile, ...]:
        return self._ask("files", "file_list",
                         lambda it: tuple_of(values.SharedFile, it.items, it.items_count), timeout)

    def _ask_status(self, timeout: float) -> values.Status:
        return self._ask("status", "status", lambda it: value_of(values.Status, it), timeout)

    def _ask_policy(self, timeout: float, question: str = "policy") -> values.PolicyInfo:
        return self._ask(question, "policy_info", lambda it: value_of(values.PolicyInfo, it), timeout)

    def _ask_chunk_order(self, timeout: float) -> values.PolicyInfo:
        return self._ask_policy(timeout, "chunk_order")

    def _ask_upload_policy(self, timeout: float) -> values.PolicyInfo:
        return self._ask_policy(timeout, "upload_policy")

    def _ask_whether_shared(self, timeout: float) -> values.Summary:
        return self._ask("wait_until_shared", "summary", lambda it: value_of(values.Summary, it),
                         timeout)

    def _raise_trouble_with_tracker(self) -> None:
        """Raises why the tracker does not know this peer; nothing, if it does."""
        with self._using() as handle:
            check(lib.xfsbus_peer_wait_for_tracker, handle, 0)
