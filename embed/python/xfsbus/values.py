"""What a peer answers with: values, which nobody changes.

Sizes are bytes, rates bytes per second, and times seconds, unless the name says otherwise.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path


#: Octets, where a field has the name.
Bytes = bytes


class SourceState(enum.IntEnum):
    """What a download makes of a source."""

    IDLE = 0  #: known, and not used now
    ACTIVE = 1
    BUSY = 2  #: it has no place for us now, and is asked again
    RESTING = 3  #: it did not deliver, and is tried again
    LOST = 4  #: it is gone; it may be found again
    OUT = 5  #: not used any more


class PushState(enum.IntEnum):
    """How far a target of a push is."""

    ASKING = 0  #: no answer yet, or none any more
    WAITING = 1  #: it will fetch
    FETCHING = 2
    THERE = 3  #: it has the file, and has confirmed that it is this content
    FAILED = 4
    REFUSED = 5  #: it takes no pushes


class ListingChange(enum.IntEnum):
    """What has become of a file at all peers together."""

    THERE = 1  #: it was there when the subscription began
    APPEARED = 2  #: somebody has it; before, nobody had anything of this name
    CHANGED = 3  #: somebody has this content under a name that had another
    HOLDERS = 4  #: other numbers of peers have it
    GONE = 5  #: nobody has anything of this name any more


class LogLevel(enum.IntEnum):
    """How important a line of the log is."""

    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3


class PeerChange(enum.IntEnum):
    """What has become of another peer, as the tracker knows it."""

    THERE = 1  #: it was there when the subscription began
    APPEARED = 2  #: it is there now
    CHANGED = 3  #: it has another address, or other labels
    GONE = 4  #: it is not there any more


@dataclass(frozen=True)
class Found:
    """A peer that has a file, and what choosing it would mean."""

    name: str
    content: str  #: content id in hex
    bytes: int  #: the file's size
    host: str
    port: int
    labels: str  #: "key=value,...", as it describes itself
    self: bool  #: it is this peer
    latency_ms: float | None  #: None: it did not answer
    load: int | None  #: transfers that it is busy with; None: it did not answer
    cost: float | None  #: by the policy; None: it does not think in costs
    share_percent: float  #: how much of the file it has


@dataclass(frozen=True)
class Published:
    """What was published."""

    name: str
    content: str  #: content id in hex
    bytes: int  #: its size
    manifest: Bytes  #: what describes the content; kept, it spares the reading the next time


@dataclass(frozen=True)
class PolicyUsed:
    """Which policy it was, and all that its decisions follow from beside what it saw."""

    name: str
    version: str
    hash: str  #: SHA-256 of the file as it was loaded, in hex
    parameters: str  #: "key=value,..."
    seed: int


@dataclass(frozen=True)
class PolicyInfo:
    """A policy in use, and what it has done since it was loaded."""

    used: PolicyUsed
    kind: str  #: "peer-selection", "chunk-order" or "upload-choice"
    description: str
    path: Path | None  #: None: it is built in, or the program's own
    picks: int  #: decisions asked for
    faults: int  #: calls that failed, or whose answer was nonsense
    slow: int  #: calls that took too long
    over_budget: int  #: not called, as it had used up the second's time
    fallbacks: int  #: decisions that the built-in default made instead
    seconds: float  #: within the policy, all calls together
    trouble: str  #: what was last reported of it: a fault, a slow call, its end; "": nothing was


@dataclass(frozen=True)
class SourceUse:
    """One source's part in a download."""

    endpoint: str
    state: SourceState
    words: str  #: the same for people: "active", "idle", or why it is not used
    bytes: int  #: delivered and verified
    bytes_duplicate: int
    chunks_rejected: int  #: corrupt ones
    bytes_per_second: float
    credit_bytes: int  #: that it may have on the way to us at once
    outstanding_bytes: int  #: asked of it and not here yet


@dataclass(frozen=True)
class File:
    """A file of a download that is over."""

    name: str  #: as it stands on disk below the directory
    path: Path | None  #: where it is; None: it is not there
    content: str  #: content id in hex
    bytes: int  #: its size
    code: int  #: why it is not there, as XfsError.code; 0: it is
    message: str  #: the same for people
    present: bool  #: it was there already, equal; nothing was fetched
    changed: bool  #: a source did not have it any more, or sent something else
    bytes_fetched: int
    bytes_resumed: int  #: found on disk, from an earlier try or to be repaired
    bytes_duplicate: int  #: came twice
    chunks_rejected: int  #: corrupt ones
    seconds: float
    seconds_waited: float  #: of these, with nothing on its way
    seconds_stalled: float  #: of these, with whoever reads it waiting for what was not here
    sources: tuple[SourceUse, ...]


@dataclass(frozen=True)
class Report:
    """How a download went."""

    files: tuple[File, ...]
    bytes_fetched: int
    seconds: float
    policy: PolicyUsed | None  #: in use at the end
    chunk_order: PolicyUsed | None

    @property
    def path(self) -> Path:
        """Where the file is, of a download of one."""
        (file,) = self.files
        if file.path is None:
            raise FileNotFoundError(file.message)
        return file.path


@dataclass(frozen=True)
class Range:
    """Bytes of a file, from `begin` to before `end`."""

    begin: int
    end: int


@dataclass(frozen=True)
class FileProgress:
    """A file that is being fetched."""

    name: str
    bytes_done: int
    bytes_total: int
    bytes_per_second: float  #: over the last seconds
    sources: int  #: in use
    ranges: tuple[Range, ...]  #: what of it is here and right: the first 64 parts at most, in order


@dataclass(frozen=True)
class Progress:
    """How a download stands."""

    name: str  #: of the file, or the pattern when there are several
    bytes_done: int
    bytes_total: int
    files_done: int
    files_total: int
    bytes_per_second: float  #: over the last seconds
    sources: int  #: in use
    running: tuple[FileProgress, ...]  #: the files in progress

    @property
    def fraction(self) -> float:
        """How much of it is here: 0 to 1."""
        return self.bytes_done / self.bytes_total if self.bytes_total else 0.0


@dataclass(frozen=True)
class PushTarget:
    """A peer that was asked to fetch a file."""

    host: str
    port: int
    state: PushState
    reason: str  #: why it failed or refused, or does not answer
    bytes: int  #: of the file that it has
    seconds: float  #: since it was asked, until it had the file


@dataclass(frozen=True)
class PushedFile:
    """How the push of one file stands."""

    name: str
    content: str  #: content id in hex
    bytes: int  #: its size
    seconds: float
    targets: tuple[PushTarget, ...]


@dataclass(frozen=True)
class Pushed:
    """How a push ended."""

    files: tuple[PushedFile, ...]
    left_out: int  #: peers that were too many to be asked
    seconds: float
    settled: bool  #: False: the list of peers did not settle: others may lack the files, too


@dataclass(frozen=True)
class PushProgress:
    """How a push stands."""

    files: int
    files_done: int
    file: PushedFile  #: the first that is not done


@dataclass(frozen=True)
class Summary:
    """A scan of the directory."""

    files: int
    bytes: int
    hashed: int
    skipped: int
    links: int  #: symbolic ones, which are not shared
    ignored: int  #: files and directories, not counting those below them
    private_files: int  #: shared, and only their owner may read them


@dataclass(frozen=True)
class KnownPeer:
    """A peer that the tracker knows."""

    host: str
    port: int
    files: int
    load: int  #: transfers that it is busy with
    heard_ms_ago: int
    labels: str
    self: bool  #: it is this peer
    id: str  #: in hex; another one each time that a peer is started


@dataclass(frozen=True)
class SharedFile:
    """A file that this peer shares."""

    name: str
    content: str  #: content id in hex
    bytes: int  #: its size


@dataclass(frozen=True)
class ListedFile:
    """A file that the tracker knows of: one content of one name."""

    name: str
    content: str  #: content id in hex
    bytes: int  #: its size
    complete: int  #: peers that have all of it
    partial: int  #: peers that have a part of it


@dataclass(frozen=True)
class Change:
    """What a subscription tells of a file."""

    what: ListingChange
    file: ListedFile


@dataclass(frozen=True)
class LogEvent:
    """A line of the log. What came from others is escaped in it."""

    level: LogLevel
    name: str  #: what kind of thing happened (docs/OPERATING.md lists all); "": a note for people
    text: str  #: for people
    fields: dict[str, str | int | float]


@dataclass(frozen=True)
class ChangedPeer:
    """What a subscription tells of a peer; one that is gone is as it was last."""

    what: PeerChange
    peer: KnownPeer


@dataclass(frozen=True)
class Counter:
    """A figure that the peer tells of itself; docs/OPERATING.md has all."""

    name: str
    unit: str
    value: int


@dataclass(frozen=True)
class DownloadStatus:
    """A file that is being fetched, for whoever asks for the status."""

    name: str
    content: str
    bytes_done: int
    bytes_total: int
    bytes_duplicate: int
    chunks_rejected: int
    bytes_per_second: float
    seconds_waited: float
    sources: tuple[SourceUse, ...]


@dataclass(frozen=True)
class UploadStatus:
    """A file, or the part of it that is here, on its way to one sink."""

    content: str
    sink: str  #: where its chunks go
    bytes: int  #: sent
    bytes_per_second: float
    credit_bytes: int  #: that may still be sent
    queued_chunks: int  #: asked for and not sent


@dataclass(frozen=True)
class Status:
    """How a peer is."""

    host: str  #: as others are told
    port: int
    tracker: str
    tracker_connected: bool  #: registered with it, and heard of it lately
    tracker_trouble: str  #: what it refuses, and why; "": nothing
    directory: str
    scan: Summary  #: the last whole one; nought before
    counters: tuple[Counter, ...]
    downloading: tuple[DownloadStatus, ...]
    uploading: tuple[UploadStatus, ...]
    policy: str
    chunk_order: str
    integrity: str
    upload_policy: str
