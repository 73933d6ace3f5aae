"""Policies as classes of Python, in place of plug-ins: `Peer(policy=Mine)`.

    class Mine:
        def pick(self, request, sources, rng):
            return min(range(len(sources)), key=lambda i: sources[i].latency_ms)

A class is given to the peer as `policy` (it has the methods of Selection), as `chunk_order` (ChunkOrder)
or as `upload_policy` (UploadChoice); none of these has to be a base of it. The peer calls it, without
arguments, for each object that it needs: one as a trial when it starts, then one for each download and each
find, for each file that is fetched, or for the peer. A function that makes such objects does as well, as
in `policy=lambda: Mine(table)`; so they share what it captures. In status and logs a policy is called by the
attribute `name` of the class, 1 to 32 of [a-z0-9-], or else by that of the class in small letters.

Threads. The methods are called on threads of the peer; one object by one of them at a time, several objects
at once. They have the interpreter's lock, so they wait while other threads of the program compute in Python,
and what they wait counts as theirs. Within them a call that would wait for a peer raises UsageError.

Faults. What they raise, an answer that makes no sense, a call of more than 10 ms and more than 50 ms in a
second are counted, and the built-in rule decides instead (PolicyInfo of Peer.policy(), whose `trouble` says
what was last wrong, or XfsError with strict_policy). The logger "xfsbus.policy" has each traceback, at level
DEBUG. An object that cannot be made when the peer starts is a PluginError.

The same class decides in the lab, and in programs without Python, by the plug-in `python`: docs/POLICIES.md.
"""
from __future__ import annotations

import enum
import random
from typing import Any, Callable, NamedTuple, Protocol, Sequence, Union

from ._common import choose, limit, nobody, swap, wait_for
from ._library import lib

__all__ = ["Chunk", "ChunkOrder", "Outcome", "Request", "Selection", "Source", "SourceFlag", "UploadChoice",
           "UploadRequest", "UploadSink", "choose", "limit", "nobody", "swap", "wait_for"]

#: What makes the objects of a policy: a class, or a function without arguments.
MakePolicy = Union[type, Callable[[], Any]]


class SourceFlag(enum.IntFlag):
    """What Source.flags consists of."""

    IN_USE = lib.XFSBUS_SOURCE_IN_USE  #: it has a place, and is sent requests
    ANSWERABLE = lib.XFSBUS_SOURCE_ANSWERABLE  #: the answer may be this one
    HAS_CHUNK = lib.XFSBUS_SOURCE_HAS_CHUNK  #: of the request
    HAS_ROOM = lib.XFSBUS_SOURCE_HAS_ROOM  #: more may be asked of it now
    SOLE_HOLDER = lib.XFSBUS_SOURCE_SOLE_HOLDER  #: it alone of those in use has a chunk that is needed
    LEAVING = lib.XFSBUS_SOURCE_LEAVING  #: it gives way: what it was asked for still comes


class Request(NamedTuple):
    """The decision to be made."""

    purpose: str  #: "request", "duplicate", "admit", "rank", "replace", "window" or "total"
    now_us: int  #: a steady clock, in microseconds; only differences mean something
    transfer: int  #: one number for one download of one file; 0 of "rank"
    file_bytes: int  #: size of the file
    bytes: int  #: of the chunk; of "admit": of most chunks; of "rank": of the file
    left_bytes: int  #: of the file, not yet asked of anyone
    outstanding_bytes: int  #: asked of all sources in use, not delivered yet
    outstanding_most: int  #: the most that this may be
    chunk: int  #: its number, from 0; 2**32 - 1 where it is not about a chunk
    copies: int  #: how many sources in use have the chunk
    places: int  #: how many sources may be in use
    places_used: int  #: how many are
    held_us: int  #: since when the policy holds this chunk back, in microseconds; else 0


class Source(NamedTuple):
    """What may be known about one source of a file at the moment of a decision."""

    flags: int  #: of SourceFlag
    source_id: int  #: the same source has the same as long as the peer runs
    endpoint: str  #: "IP:PORT"
    labels: str  #: "key=value,..." as the source describes itself, or ""
    latency_ms: float  #: round trip, in milliseconds
    rate_bytes_per_s: float  #: measured rate of delivery; 0: not known yet
    completeness: float  #: part of the file that the source has, 0 to 1
    outstanding_bytes: int  #: asked of it by this transfer, not delivered yet
    window_bytes: int  #: the most that may be outstanding
    delivered_bytes: int  #: delivered and verified in this transfer
    duplicate_bytes: int  #: delivered in this transfer when another had been quicker
    in_use_us: int  #: since when it has its place, in microseconds; 0 without one
    silent_us: int  #: since when nothing was heard of it, in microseconds
    requests: int  #: chunks that make up outstanding_bytes
    load: int  #: transfers it was busy with when it was last asked
    failures: int  #: times that it did not deliver in time, in this transfer
    failures_in_a_row: int  #: of these, since it last delivered
    held_bytes: int  #: of chunks that wait for it to have room
    history_bytes_per_s: float  #: rate when an earlier download used it; 0: none did
    history_age_us: int  #: since when that is known, in microseconds
    completeness_age_us: int  #: since when completeness is known, in microseconds; 0 if it is in use


class Outcome(NamedTuple):
    """How a request ended."""

    reason: str  #: "delivered", "duplicate", "late", "refused", "lost" or "corrupt"; others are failures
    transfer: int  #: as in the request
    bytes: int  #: size of the chunk
    elapsed_us: int  #: from request to the end, in microseconds
    queued_bytes: int  #: outstanding at the source when it was asked, without this
    queued: int  #: chunks that made up queued_bytes
    chunk: int  #: its number, from 0


class Chunk(NamedTuple):
    """What may be known about one chunk that a download still needs."""

    chunk: int  #: its number in the file, from 0
    chunks: int  #: chunks in the file
    copies: int  #: how many of the sources in use are known to have it
    sources: int  #: how many sources are in use
    bytes: int  #: size of the chunk
    offset_bytes: int  #: where it begins in the file
    play_head_bytes: int  #: where somebody reads the file while it comes
    play_bytes_per_s: float  #: how fast that moves on; 0: it does not


class UploadRequest(NamedTuple):
    """This peer can read another chunk, and sinks wait for one."""

    places: int  #: sinks that are served, whether they wait now or not
    now_us: int  #: a steady clock, in microseconds; only differences mean something


class UploadSink(NamedTuple):
    """A sink that waits, and the chunk that it would be sent."""

    copies: int  #: of the chunk: times that it has left this peer
    sink_id: int  #: the same sink has the same as long as it is served without a break
    draw: int  #: drawn when it came: any number, all equally likely
    content: int  #: the same for the same content
    bytes: int  #: of the chunk
    share_bytes: int  #: sent to it, as if it had come with the others; only differences mean something
    waits_us: int  #: since when it waits, or was sent something last, in microseconds
    served_us: int  #: since when it is served, in microseconds
    host: str  #: its address
    delivers_bytes_per_s: float  #: at which rate it has delivered to this peer of late


class Selection(Protocol):
    """Who is used, and who gets the next request. `pick` is needed; further methods, if it has them:

    decides, decide(request, sources, rng): the questions that `decides` names, as in
        ("request", "replace"), are answered by `decide`, with choose(i), swap(candidate, gives_way),
        wait_for(i, seconds), nobody(seconds) or limit(bytes); None: as if it were not there.
    cost(source): what choosing it costs, a number of whichever unit, lower is better, or None; find()
        shows it.
    observe(source, outcome): is told how each request ended.
    """

    def pick(self, request: Request, sources: Sequence[Source], rng: random.Random) -> int | None:
        """Who it is to be, an index into `sources`, which is never empty; None: nobody now. With no other
        chance than `rng`, which the host seeds for each call, a run can be repeated (Peer's `seed`)."""
        ...


class ChunkOrder(Protocol):
    """Which chunk is asked for first."""

    def rank(self, chunks: Sequence[Chunk], rng: random.Random) -> Sequence[float]:
        """A finite number for each chunk; the lowest is asked for first, equal ones in random order. All
        that are needed when a download begins, and again what has changed."""
        ...


class UploadChoice(Protocol):
    """Which of the sinks that wait is sent a chunk next."""

    def rank(self, request: UploadRequest, sinks: Sequence[UploadSink]) -> Sequence[float]:
        """A finite number for each sink; the lowest is sent its chunk, of equals the one that was given
        least. Asked for every chunk that is sent."""
        ...
